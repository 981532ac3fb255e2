'use strict';
// Attaches to a container through a WebSocket, sends what it is given and prints, as JSON, what came
// (hex), in how many messages that were binary, and with which code the socket was closed.
// Usage: websocket.js SOCKET PATH [INPUT]...; INPUT is text, @ping, @close (when a message has come),
// or @pinged-close (when the ping was answered)

const WebSocket = require('ws');

const [path, target, ...inputs] = process.argv.slice(2);
const socket = new WebSocket(`ws+unix://${path}:${target}`);
const seen = { output: '', binary: 0, text: 0, pongs: [], code: 0 };

socket.on('open', () => {
  for (const input of inputs.filter((each) => !each.startsWith('@')))
    socket.send(input);
  if (inputs.includes('@ping'))
    socket.ping('are you there');
});
socket.on('message', (data, isBinary) => {
  seen.output += data.toString('hex');
  seen[isBinary ? 'binary' : 'text'] += 1;
  if (inputs.includes('@close'))
    socket.close(1000, 'enough');
});
socket.on('pong', (data) => {
  seen.pongs.push(String(data));
  if (seen.pongs.length === 1 && inputs.includes('@pinged-close'))
    socket.close();
});
socket.on('close', (code) => {
  seen.code = code;
  console.log(JSON.stringify(seen));
});
socket.on('error', (e) => {
  console.error(String(e));
  process.exitCode = 1;
});
