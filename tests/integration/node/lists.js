'use strict';
// Prints what dockerode sees of a daemon, as JSON. Usage: lists.js ADDRESS [CA CERT KEY]

const docker = require('./connect')(...process.argv.slice(2));

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (e) {
    return [e.statusCode, e.message];
  }
}

(async () => {
  const seen = {
    ping: String(await docker.ping()),
    version: await docker.version(),
    info: await docker.info(),
    containers: await docker.listContainers({ all: true }),
    images: await docker.listImages(),
    volumes: await docker.listVolumes(),
    networks: await docker.listNetworks(),
    df: await docker.df(),
    errors: {
      inspect: await failure(docker.getContainer('nosuch').inspect()),
      create: await failure(docker.createContainer({ Image: 'x' })),
      services: await failure(docker.listServices()),
    },
  };
  console.log(JSON.stringify(seen));
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
