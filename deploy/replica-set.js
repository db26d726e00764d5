// Makes the store a replica set of one member, and waits until it can be written to. Harmless when it is one already.
const password = require("fs").readFileSync("/run/secrets/store-password", "utf8").trim();
const admin = new Mongo(`mongodb://yizheng:${password}@store:27017/?directConnection=true&authSource=admin`).getDB("admin");

try {
  admin.runCommand({ replSetGetStatus: 1 }).ok || admin.runCommand({ replSetInitiate: members() });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  admin.runCommand({ replSetInitiate: members() });
}
while (!admin.hello().isWritablePrimary) sleep(200);

function members() {
  return { _id: "yizheng", members: [{ _id: 0, host: "store:27017" }] };
}
