// Makes the store a replica set of three members, waits until it can be written to, and gives each service its account,
// which may read and write that service's database and nothing else. Harmless when all of that is so already.
const { readFileSync } = require("fs");
const password = readFileSync("/run/secrets/store-password", "utf8").trim();
const tls = "tls=true&tlsCAFile=/run/secrets/authority.pem";
const hosts = ["store-1:27017", "store-2:27017", "store-3:27017"];
const at = (places, options) => new Mongo(`mongodb://yizheng:${password}@${places}/?${options}&authSource=admin&${tls}`).getDB("admin");
const first = at(hosts[0], "directConnection=true");

try {
  first.runCommand({ replSetGetStatus: 1 }).ok || first.runCommand({ replSetInitiate: members() });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  first.runCommand({ replSetInitiate: members() });
}
while (!first.hello().primary) sleep(200);
const admin = at(hosts.join(","), "replicaSet=yizheng&w=majority");

for (const account of JSON.parse(readFileSync("/run/secrets/store-accounts.json", "utf8"))) {
  if (admin.getUser(account.user)) admin.updateUser(account.user, { pwd: account.pwd, roles: account.roles });
  else admin.createUser(account);
}

// A primary that is silent for five seconds makes way for another, which waits for two seconds for what the silent one may
// have beyond the majority; nothing of that is confirmed. MongoDB itself waits ten seconds, and then as long as it takes.
function members() {
  return { _id: "yizheng", settings: { electionTimeoutMillis: 5000, catchUpTimeoutMillis: 2000 }, members: hosts.map((host, number) => ({ _id: number, host })) };
}
