// The page of a running daemon in Chromium: `node real.js ADDRESS`, as gantryctl web prints it, or
// `node real.js https://HOST:PORT/ CERTIFICATE KEY` for one that is inspected over TLS. Every view
// has to be there and to say nothing wrong. For tests/integration/web_test.py.

import assert from 'node:assert/strict';

import { look } from './looker.js';
import { nameless, pale } from './measures.js';

const [, , address, ...files] = process.argv;

await look(address, files, async ({ browser, page, faults, show }) => {
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
  if (files.length === 0) {
    // Whoever opens the address again is told what to do.
    const second = await browser.newPage();
    await second.goto(address);
    await second.getByRole('alert').getByText('run gantryctl web again').waitFor();
  }
});
