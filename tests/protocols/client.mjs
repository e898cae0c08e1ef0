// Node's own clients for HTTP/1.1 and HTTP/2: SCHEME PORT CA.
import assert from "node:assert";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

const [scheme, port, file] = process.argv.slice(2);
const ca = fs.readFileSync(file);
const agent = scheme === "https" ? new https.Agent({ keepAlive: true, ca }) : new http.Agent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const module = scheme === "https" ? https : http;
    const headers = { "content-type": "text/plain" };
    const request = module.request({ host: "localhost", port, method, path, agent, headers }, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece)).on("end", () => resolve([answer.statusCode, text]));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function callHttp2(session, method, path, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": method, ":path": path, "content-type": "text/plain" });
    let status;
    let text = "";
    stream.on("response", (head) => (status = head[":status"])).on("error", reject);
    stream.on("data", (piece) => (text += piece)).on("end", () => resolve([status, text]));
    stream.end(body);
  });
}

const session = http2.connect(`${scheme}://localhost:${port}`, { ca });
const ways = [call, (...request) => callHttp2(session, ...request)];
for (const way of ways) {
  assert.deepEqual(await way("GET", "/mock"), [200, '{"id":1}']);
  assert.deepEqual(await way("GET", "/real"), [200, "real /real 0"]);
  assert.deepEqual(await way("POST", "/body", "a needle"), [200, "found"]);
  assert.deepEqual(await way("POST", "/body", "y".repeat(300000)), [200, "real /body 300000"]);
  const many = await Promise.all(Array.from({ length: 50 }, () => way("GET", "/real")));
  assert.ok(many.every(([status]) => status === 200));
}
session.close();
agent.destroy();
console.log("ok");
