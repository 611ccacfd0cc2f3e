// jsforce, unmodified, through everything it offers that the sandbox answers. Prints one JSON object for the test.
const assert = require("node:assert/strict");
const { Connection, SfDate } = require("jsforce");

const env = process.env;
const version = "60.0";

async function refused(promise, code) {
  await assert.rejects(promise, (error) => {
    // A SOAP fault of the login has its code in the message only.
    assert.equal(error.errorCode ?? error.message.split(":")[0], code, error.stack);
    return true;
  });
}

async function logins() {
  const oauth2 = { loginUrl: env.ORG_URL, clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET };
  const byToken = new Connection({ instanceUrl: env.ORG_URL, oauth2, version });
  await byToken.authorize({ grant_type: "client_credentials" });
  const bySoap = new Connection({ loginUrl: env.ORG_URL, version });
  const user = await bySoap.login(env.ORG_USER, env.ORG_PASSWORD + env.ORG_TOKEN);
  assert.equal(user.id, env.USER_ID);
  assert.equal((await bySoap.identity()).username, env.ORG_USER);
  const byPassword = new Connection({ loginUrl: env.ORG_URL, oauth2, version });
  await byPassword.login(env.ORG_USER, env.ORG_PASSWORD + env.ORG_TOKEN);
  await refused(new Connection({ loginUrl: env.ORG_URL, version }).login(env.ORG_USER, "wrong"), "INVALID_LOGIN");
  const late = new Connection({ instanceUrl: env.ORG_URL, accessToken: byPassword.accessToken, version });
  await byPassword.logout();
  await refused(late.query("SELECT Id FROM Lead LIMIT 1"), "INVALID_SESSION_ID");
  return byToken;
}

async function rows(conn) {
  const made = await conn.sobject("Lead").create({ LastName: "x", Company: "c", Email: "a@b.example" });
  assert.equal(made.success, true);
  assert.equal((await conn.sobject("Lead").update({ Id: made.id, Title: "t" })).success, true);
  const row = await conn.sobject("Lead").retrieve(made.id, { fields: ["Id", "Title"] });
  assert.equal(row.Title, "t");
  assert.equal(row.attributes.type, "Lead");
  const put = (values) => conn.sobject("Lead").upsert({ Tandem_Id__c: "js1", ...values }, "Tandem_Id__c");
  assert.equal((await put({ LastName: "y", Company: "c" })).created, true);
  assert.equal((await put({ LastName: "z" })).created, false);
  assert.equal((await conn.sobject("Lead").destroy(made.id)).success, true);
  await refused(conn.sobject("Lead").retrieve(made.id), "NOT_FOUND");
  await refused(conn.sobject("Lead").create({ LastName: "x" }), "REQUIRED_FIELD_MISSING");
  await refused(conn.sobject("Lead").update({ Id: made.id, Title: "u" }), "ENTITY_IS_DELETED");
}

async function collections(conn) {
  const leads = Array.from({ length: 250 }, (_, n) => ({ LastName: `c${n}`, Company: "jsforce" }));
  const made = await conn.sobject("Lead").create([...leads.slice(0, 9), { LastName: "bad" }]);
  assert.deepEqual(made.map((each) => each.success), [...Array(9).fill(true), false]);
  assert.equal(made[9].errors[0].statusCode, "REQUIRED_FIELD_MISSING");
  const many = await conn.sobject("Lead").create(leads, { allowRecursive: true });
  assert.equal(many.filter((each) => each.success).length, 250);
  const ids = made.slice(0, 9).map((each) => each.id);
  const read = await conn.sobject("Lead").retrieve(ids);
  assert.deepEqual(read.map((each) => each.Id), ids);
  const changed = await conn.sobject("Lead").update(ids.map((Id) => ({ Id, Title: "t" })), { allOrNone: true });
  assert.ok(changed.every((each) => each.success));
  const put = await conn.sobject("Lead").upsert(
    [0, 1].map((n) => ({ LastName: `p${n}`, Company: "c", Tandem_Id__c: `js-c${n}` })),
    "Tandem_Id__c",
  );
  assert.deepEqual(put.map((each) => each.created), [true, true]);
  assert.ok((await conn.sobject("Lead").destroy(ids)).every((each) => each.success));
  return ids;
}

async function queries(conn) {
  const soql = "SELECT Id, Name, Owner.Name FROM Lead WHERE Company = 'paged'";
  const first = await conn.query(soql);
  assert.deepEqual([first.totalSize, first.done, first.records.length], [4100, false, 2000]);
  const second = await conn.queryMore(first.nextRecordsUrl);
  const third = await conn.queryMore(second.nextRecordsUrl);
  assert.deepEqual([third.done, third.records.length], [true, 100]);
  const fetched = await conn.query(soql, { autoFetch: true, maxFetch: 5000 });
  assert.equal(fetched.records.length, 4100);
  let streamed = 0;
  await new Promise((done, fail) => {
    conn.query(soql).on("record", () => (streamed += 1)).on("end", done).on("error", fail)
      .run({ autoFetch: true, maxFetch: 5000 });
  });
  assert.equal(streamed, 4100);
  const found = await conn.sobject("Lead")
    .find({ Company: "paged", Name: { $like: "n1%" }, CreatedDate: { $gt: SfDate.toDateTimeLiteral(new Date(0)) } }, "Id, Name")
    .sort({ Name: -1 }).limit(5).skip(2);
  assert.equal(found.length, 5);
  assert.ok(found.every((each) => each.Name.startsWith("n1")));
  assert.equal(await conn.sobject("Lead").count({ Company: "paged" }), 4100);
  const families = await conn.sobject("Account").select("Id, Name").include("Contacts").select("Id, LastName")
    .limit(2).end().limit(3).execute();
  assert.equal(families.length, 3);
  assert.ok(families.some((each) => each.Contacts?.records.length));
  const deleted = await conn.query("SELECT Id FROM Lead WHERE IsDeleted = TRUE", { scanAll: true });
  assert.ok(deleted.totalSize > 0);
  await refused(conn.query("SELECT Nope FROM Lead"), "INVALID_FIELD");
  await refused(conn.query("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3"), "MALFORMED_QUERY");
}

async function describes(conn) {
  const all = await conn.describeGlobal();
  assert.ok(all.sobjects.some((each) => each.name === "Lead"));
  const lead = await conn.sobject("Lead").describe();
  assert.deepEqual([lead.keyPrefix, lead.fields.find((each) => each.name === "Email").type], ["00Q", "email"]);
  assert.equal((await conn.sobject("Lead").describe$()).name, "Lead");
  assert.equal((await conn.limits()).DailyApiRequests.Max, 15000);
  assert.equal(conn.limitInfo.apiUsage.limit, 15000);
}

async function bulk2(conn) {
  conn.bulk2.pollInterval = 50;
  conn.bulk2.pollTimeout = 20000;
  const input = Array.from({ length: 60 }, (_, n) => ({ LastName: `k${n}`, Company: 'c, "q"\nl', Tandem_Id__c: `jb${n}` }));
  input.push({ LastName: "bad", Company: "", Tandem_Id__c: "jb-bad" });
  const done = await conn.bulk2.loadAndWaitForResults({ object: "Lead", operation: "insert", input });
  assert.deepEqual([done.successfulResults.length, done.failedResults.length], [60, 1]);
  assert.match(done.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING/);
  const stream = await conn.bulk2.query("SELECT Id, Company, Owner.Name FROM Lead WHERE Tandem_Id__c LIKE 'jb%'");
  const read = await stream.toArray();
  assert.equal(read.length, 60);
  assert.equal(read[0].Company, 'c, "q"\nl');
  const gone = await conn.bulk2.loadAndWaitForResults({
    object: "Lead", operation: "delete", input: read.map(({ Id }) => ({ Id })),
  });
  assert.equal(gone.successfulResults.length, 60);
  const job = conn.bulk2.createJob({ object: "Lead", operation: "insert" });
  await job.open();
  await job.abort();
  assert.equal((await job.check()).state, "Aborted");
}

async function bulk1(conn) {
  conn.bulk.pollInterval = 50;
  conn.bulk.pollTimeout = 20000;
  const input = Array.from({ length: 40 }, (_, n) => ({ LastName: `o${n}`, Company: "bulk one" }));
  const made = await conn.bulk.load("Lead", "insert", input);
  assert.equal(made.filter((each) => each.success).length, 40);
  const read = await (await conn.bulk.query("SELECT Id, LastName FROM Lead WHERE Company = 'bulk one'")).toArray();
  assert.equal(read.length, 40);
  const gone = await conn.bulk.load("Lead", "delete", made.map(({ id }) => ({ Id: id })));
  assert.ok(gone.every((each) => each.success));
}

async function soap(conn) {
  assert.ok(Math.abs(new Date((await conn.soap.getServerTimestamp()).timestamp) - Date.now()) < 60000);
  assert.equal((await conn.soap.getUserInfo()).userId, env.USER_ID);
  const [one, two] = await conn.soap.create([
    { type: "Lead", LastName: "soap", Company: "soap" }, { type: "Lead", LastName: "other", Company: "soap" },
  ]);
  assert.deepEqual([one.success, two.success], [true, true]);
  const converted = await conn.soap.convertLead({ leadId: one.id, convertedStatus: "Closed - Converted" });
  assert.equal([converted].flat()[0].success, true);
  assert.equal((await conn.sobject("Lead").retrieve(one.id)).IsConverted, true);
  const gone = await conn.soap.delete([two.id]);
  assert.equal([gone].flat()[0].success, true);
  const back = await conn.soap.undelete([two.id]);
  assert.equal([back].flat()[0].success, true);
}

async function replication(conn, ids) {
  const [start, end] = [new Date(env.FROM), new Date(env.UNTIL)];
  const deleted = await conn.sobject("Lead").deleted(start, end);
  assert.ok(ids.every((id) => deleted.deletedRecords.some((each) => each.id === id)));
  assert.ok((await conn.sobject("Lead").updated(start, end)).ids.length > 200);
  assert.ok(Array.isArray(await conn.recent("Lead", 2)));
}

const STEPS = { rows, collections, queries, describes, bulk2, bulk1, soap, replication };

(async () => {
  const outcome = {};
  const attempt = async (name, work) => {
    try {
      const value = await work();
      outcome[name] = "ok";
      return value;
    } catch (error) {
      outcome[name] = error.stack;
      return undefined;
    }
  };
  const conn = await attempt("logins", logins);
  let ids = [];
  const wanted = env.STEPS.split(",");
  for (const [name, step] of conn ? Object.entries(STEPS) : []) {
    if (!wanted.includes(name)) continue;
    const value = await attempt(name, () => step(conn, ids));
    if (name === "collections") ids = value ?? [];
  }
  console.log(JSON.stringify(outcome));
  process.exit(0);
})();
