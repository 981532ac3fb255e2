'use strict';
// A dockerode client from an address as `docker -H` takes it and, for TLS, the files ca, cert, key.

const fs = require('fs');
const Docker = require('dockerode');

module.exports = function connect(address, ca, cert, key) {
  const url = new URL(address);
  if (url.protocol === 'unix:')
    return new Docker({ socketPath: url.pathname });
  const options = { host: url.hostname, port: url.port, protocol: ca ? 'https' : 'http' };
  if (ca)
    Object.assign(options, { ca: fs.readFileSync(ca), cert: fs.readFileSync(cert),
                             key: fs.readFileSync(key) });
  return new Docker(options);
};
