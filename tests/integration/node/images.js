'use strict';
// Loads an archive through dockerode, looks at the image, saves and removes it; prints what was
// seen as JSON. Usage: images.js ADDRESS ARCHIVE

const fs = require('fs');
const [address, archive] = process.argv.slice(2);
const docker = require('./connect')(address);

async function text(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

(async () => {
  const seen = {};
  seen.loaded = String(await text(await docker.loadImage(fs.createReadStream(archive))));
  seen.listed = await docker.listImages();
  const image = docker.getImage('busybox');
  seen.inspected = await image.inspect();
  seen.history = await image.history();
  seen.saved = (await text(await image.get())).length;
  await image.tag({ repo: 'again', tag: 'x' });
  seen.removed = await docker.getImage(seen.inspected.Id).remove({ force: true });
  console.log(JSON.stringify(seen));
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
