"""Group: the lead queues (8.6 to 8.8). Read so that an owner who is a queue has a name."""

from tandem.objects.declaration import Direction, SyncedObject

GROUP = SyncedObject(
    name="Group",
    table="lead_queue",
    direction=Direction.IN,
    fields={"Name": "name"},
    required=("Id", "Name", "SystemModstamp", "Type"),
    drivers=("Id", "SystemModstamp", "Type"),
    only_declared=True,
    condition="Type = 'Queue'",
)
