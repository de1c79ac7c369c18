// A client in a process of its own, to be killed: `node peer-client.mjs <url> <path> <content type>`. It sends one
// empty message and leaves its side open (HTTP/2), or closes it (HTTP/1.1), and reads what comes.
import { request } from "node:http";
import { connect } from "node:http2";

const [url, path, type] = process.argv.slice(2);
const emptyMessage = Buffer.alloc(5);

if (type.startsWith("application/grpc")) {
  const stream = connect(url).request({
    ":method": "POST",
    ":path": path,
    "content-type": type,
    te: "trailers",
  });
  stream.resume().write(emptyMessage);
} else {
  const headers = { "content-type": type };
  request(new URL(path, url), { method: "POST", headers }, (response) => response.resume()).end(emptyMessage);
}
