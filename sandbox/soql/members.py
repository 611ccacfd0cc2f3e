"""SQL that finds users: those in roles below somebody, those in a group, a queue or a role."""

from __future__ import annotations

from sandbox.metadata.schema import Schema


def below(user_id: str) -> str:
    """Ids of the users whose roles are below the user's: the user sees what they see."""
    mine = f'SELECT "UserRoleId" FROM "User" WHERE "Id" = \'{user_id}\''
    first = f'SELECT "Id" FROM "UserRole" WHERE "ParentRoleId" IN ({mine})'
    return f'SELECT "Id" FROM "User" WHERE "UserRoleId" IN ({_roles_from(first)})'


def queues(users: str) -> str:
    """Ids of the queues and groups that one of those users is in."""
    return f'SELECT "GroupId" FROM "GroupMember" WHERE "UserOrGroupId" IN ({users})'


def members(schema: Schema, holder: str) -> str:
    """Ids of the users that an id stands for: a user, a group with the groups in it, a role with those below."""
    found = schema.by_prefix(holder[:3])
    if found is not None and found.name == "UserRole":
        roles = _roles_from(f"SELECT '{holder}'")
        return f'SELECT "Id" FROM "User" WHERE "UserRoleId" IN ({roles})'
    if found is not None and found.name == "Group":
        return (
            "WITH RECURSIVE inside(id) AS ("
            f'SELECT "UserOrGroupId" FROM "GroupMember" WHERE "GroupId" = \'{holder}\' '
            'UNION SELECT m."UserOrGroupId" FROM "GroupMember" m JOIN inside ON m."GroupId" = inside.id'
            ") SELECT id FROM inside"
        )
    return f"SELECT '{holder}'"


def _roles_from(first: str) -> str:
    """Roles and everything below them."""
    return (
        f"WITH RECURSIVE under(id) AS ({first} "
        'UNION SELECT r."Id" FROM "UserRole" r JOIN under ON r."ParentRoleId" = under.id'
        ") SELECT id FROM under"
    )
