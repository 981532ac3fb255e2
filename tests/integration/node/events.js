'use strict';
// Prints the event that a reload makes. Usage: events.js ADDRESS PID

const docker = require('./connect')(process.argv[2]);
const pid = Number(process.argv[3]);

(async () => {
  const stream = await docker.getEvents({ filters: { type: ['daemon'], event: ['reload'] } });
  process.kill(pid, 'SIGHUP');
  stream.once('data', (data) => {
    console.log(String(data).trim());
    stream.destroy();
  });
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
