// Makes the store a replica set of one member, waits until it can be written to, and gives each service its account, which
// may read and write that service's database and nothing else. Harmless when all of that is so already.
const { readFileSync } = require("fs");
const password = readFileSync("/run/secrets/store-password", "utf8").trim();
const tls = "tls=true&tlsCAFile=/run/secrets/authority.pem";
const admin = new Mongo(`mongodb://yizheng:${password}@store:27017/?directConnection=true&authSource=admin&${tls}`).getDB("admin");

try {
  admin.runCommand({ replSetGetStatus: 1 }).ok || admin.runCommand({ replSetInitiate: members() });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  admin.runCommand({ replSetInitiate: members() });
}
while (!admin.hello().isWritablePrimary) sleep(200);

for (const account of JSON.parse(readFileSync("/run/secrets/store-accounts.json", "utf8"))) {
  if (admin.getUser(account.user)) admin.updateUser(account.user, { pwd: account.pwd, roles: account.roles });
  else admin.createUser(account);
}

function members() {
  return { _id: "yizheng", members: [{ _id: 0, host: "store:27017" }] };
}
