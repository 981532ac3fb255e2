'use strict';
// Prints what dockerode sees of a container's use of the machine, as JSON: `once`, and the first two
// objects of a stream. Usage: stats.js ADDRESS CONTAINER

const docker = require('./connect')(process.argv[2]);

(async () => {
  const container = docker.getContainer(process.argv[3]);
  const once = await container.stats({ stream: false });
  const stream = await container.stats({ stream: true });
  const objects = [];
  let text = '';
  for await (const piece of stream) {
    text += piece;
    const lines = text.split('\n');
    text = lines.pop();
    objects.push(...lines.map((line) => JSON.parse(line)));
    if (objects.length >= 2) break;
  }
  console.log(JSON.stringify({ once, stream: objects.slice(0, 2) }));
  process.exit(0);
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
