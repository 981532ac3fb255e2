// The page of a running daemon in Chromium: `node real.js ADDRESS`, as gantryctl web prints it, or
// `node real.js https://HOST:PORT/ CERTIFICATE KEY` for one that is inspected over TLS. Every view
// has to be there and to say nothing wrong. For tests/integration/web_test.py.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

import { nameless, pale } from './measures.js';

const [, , address, certPath, keyPath] = process.argv;
const shots = process.env.GANTRY_WEB_SHOTS;
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(p => p && existsSync(p));
assert.ok(executablePath, 'no chromium: scripts/setup.sh installs it');
const browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
try {
  const context = await browser.newContext(certPath ? { ignoreHTTPSErrors: true,
    clientCertificates: [{ origin: new URL(address).origin, certPath, keyPath }] } : {});
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  const faults = [];
  // A page of the API that this daemon does not have yet is no fault of the page's.
  page.on('console', m => {
    if (['error', 'warning'].includes(m.type()) && !/status of 404/.test(m.text())) faults.push(m.text());
  });
  page.on('pageerror', e => faults.push(e.message));
  const rounds = async count => {
    const seen = await page.evaluate(() => Number(document.getElementById('main').dataset.updates ?? 0));
    await page.waitForFunction(wanted => Number(document.getElementById('main').dataset.updates ?? 0) >= wanted, seen + count);
  };
  const show = async view => {
    await page.evaluate(to => { location.hash = `#/${to}`; }, view);
    await page.waitForFunction(name => location.hash === `#/${name}`, view);
    await rounds(2);
    if (shots) await page.screenshot({ path: `${shots}/real-${view.replace('/', '-')}.png` });
  };
  await page.goto(address);
  await page.getByText(/^\d+\.\d+\.\d+, pid \d+, up /).waitFor();
  assert.ok(!page.url().includes('token'));
  const problems = [];
  for (const view of ['overview', 'tree', 'actors', 'requests', 'kinds', 'connections', 'jobs', 'containers', 'threads',
    'streams', 'trouble']) {
    await show(view);
    problems.push(...(await page.evaluate(pale)).map(p => `${view}: ${p}`));
    problems.push(...(await page.evaluate(nameless)).map(p => `${view}: ${p}`));
  }
  assert.deepEqual(problems, []);

  await show('jobs');
  await page.getByText('events()').waitFor();
  await show('threads');
  await page.getByText('io 0').waitFor();
  await show('kinds');
  await page.getByRole('heading', { name: 'listener' }).waitFor();
  await show('tree');
  const engine = page.getByRole('treeitem').filter({ hasText: /\d+ engine\s?(idle|ready|running)/ }).first();
  await engine.click();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Actor \d+$/ }).waitFor();
  await page.getByText('phase').waitFor();
  await page.getByText('running', { exact: true }).waitFor();
  await show('actors');
  await page.keyboard.press('/');
  await page.keyboard.type('container sleepy');
  await page.getByRole('cell', { name: 'container sleepy' }).waitFor();
  assert.deepEqual(faults, []);
  if (!certPath) {
    // Whoever opens the address again is told what to do.
    const second = await browser.newPage();
    await second.goto(address);
    await second.getByRole('alert').getByText('run gantryctl web again').waitFor();
  }
} finally {
  await browser.close();
}
