// The inspection's page in Chromium, with a daemon that is none: every view, light and dark, wide
// and narrow, by keyboard, with hostile names, many actors, and a daemon that goes and comes back.
//
//   scripts/web.sh [--shots DIRECTORY]

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';

import { Fake, HOSTILE, TOKEN, manyActors } from './fake.js';
import { nameless, pale } from './measures.js';

const PATIENCE = 20000;
const shots = process.env.GANTRY_WEB_SHOTS;
const VIEWS = ['overview', 'tree', 'actors', 'actors/60', 'requests', 'requests/77', 'kinds', 'connections',
  'jobs', 'containers', 'threads', 'streams', 'trouble'];

let browser;
const open = [];

before(async () => {
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(p => p && existsSync(p));
  assert.ok(executablePath, 'no chromium: scripts/setup.sh installs it');
  browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
});

after(() => browser?.close());

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each();
});

async function fake(settings = {}) {
  const made = Object.assign(new Fake(), settings);
  await made.start();
  open.push(() => made.stop());
  return made;
}

/** A page with nothing kept from others. `faults` has what it said on the console as errors, what it
 * threw and what its policy forbade. */
async function visit(address, { view = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  open.push(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.faults = [];
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) page.faults.push(`console: ${m.text()}`); });
  page.on('pageerror', e => page.faults.push(`thrown: ${e.message}`));
  await page.addInitScript(() => {
    window.forbidden = [];
    document.addEventListener('securitypolicyviolation', e => window.forbidden.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
  await page.goto(address);
  if (view) await show(page, view);
  return page;
}

/** Goes to a view and waits for what is told there. */
async function show(page, view) {
  const seen = await page.evaluate(to => {
    location.hash = `#/${to}`;
    return Number(document.getElementById('main').dataset.updates ?? 0);
  }, view);
  await page.waitForFunction(before => Number(document.getElementById('main').dataset.updates ?? 0) > before, seen);
}

/** Waits until a view that is gone to otherwise has what is told there. */
async function settled(page, view) {
  await page.waitForFunction(name => location.hash === `#/${name}` && document.querySelector('main h1') &&
    document.getElementById('daemon').textContent !== '', view);
  await rounds(page, 1);
}

/** Waits for so many updates more. */
async function rounds(page, count) {
  const seen = await page.evaluate(() => Number(document.getElementById('main').dataset.updates ?? 0));
  await page.waitForFunction(wanted => Number(document.getElementById('main').dataset.updates ?? 0) >= wanted, seen + count);
}

async function faultless(page) {
  assert.deepEqual(page.faults, []);
  assert.deepEqual(await page.evaluate(() => window.forbidden), []);
}

async function eventually(condition, what) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    if (await condition()) return;
    assert.ok(Date.now() < until, `not in time: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

for (const colorScheme of ['light', 'dark'])
  for (const width of [1280, 360])
    test(`every view, ${colorScheme}, ${width} px: fits, is readable, has names`, async () => {
      const daemon = await fake();
      const page = await visit(daemon.address, { colorScheme, viewport: { width, height: 900 } });
      const problems = [];
      for (const view of VIEWS) {
        await show(page, view);
        if (['overview', 'tree', 'actors', 'kinds', 'containers'].includes(view))
          await rounds(page, 1); // so that shares of time are known
        if (shots) await page.screenshot({ path: `${shots}/${view.replace('/', '-')}-${colorScheme}-${width}.png` });
        const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        if (wide > inner) problems.push(`${view}: ${wide} px wide in ${inner}`);
        problems.push(...(await page.evaluate(pale)).map(p => `${view}: ${p}`));
        problems.push(...(await page.evaluate(nameless)).map(p => `${view}: ${p}`));
      }
      assert.deepEqual(problems, []);
      await faultless(page);
    });

test('names are only ever text', async () => {
  const daemon = await fake({ hostile: true });
  const page = await visit(daemon.address, { viewport: { width: 360, height: 800 } });
  for (const view of VIEWS) {
    await show(page, view);
    if (shots) await page.screenshot({ path: `${shots}/hostile-${view.replace('/', '-')}.png` });
    const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= inner, `${view}: ${wide} px wide in ${inner}`);
    assert.equal(await page.evaluate(() => document.querySelectorAll('main img, main script, main b, main iframe').length), 0);
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))
      .filter(href => !/^#(\/[a-z]+(\/\d+)?|main)$/.test(href))), []);
  }
  daemon.tell('actor', { what: 'spawned', id: 5, kind: HOSTILE[0], parent: 1, reason: '' });
  await show(page, 'overview');
  await page.getByText(HOSTILE[0]).first().waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  await faultless(page);
});

test('the address opens one session, once', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address);
  await settled(page, 'overview');
  assert.ok(!page.url().includes(TOKEN));
  assert.ok(!(await page.evaluate(() => JSON.stringify([history.state, document.documentElement.innerHTML]))).includes(TOKEN));
  await page.reload(); // the tab keeps its session
  await settled(page, 'overview');
  await faultless(page);

  const second = await visit(daemon.address);
  await second.getByRole('alert').getByText('opened before').waitFor();
  await second.getByText('gantryctl web', { exact: true }).waitFor();
  const without = await visit(daemon.address.replace(/#.*/, ''));
  await without.getByRole('alert').getByText('session is over').waitFor();
  // Those do not go on asking.
  const asked = daemon.requests.length;
  await rounds(page, 2);
  const others = daemon.requests.slice(asked).filter(r => r === 'GET /v1/').length;
  assert.ok(others <= 4, `${others}`);
});

test('without a token it goes without a session, as behind client certificates', async () => {
  const daemon = await fake({ secured: false });
  const page = await visit(daemon.address.replace(/#.*/, ''), { view: 'actors' });
  assert.ok(!daemon.requests.includes('POST /session'));
  await faultless(page);
});

test('the tree by keyboard', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address);
  await settled(page, 'overview');
  const focus = () => page.evaluate(() => document.activeElement.textContent.trim());
  await page.locator('body').press('Tab');
  assert.equal(await focus(), 'Skip to the content');
  for (let i = 0; i < 4 && await focus() !== 'Tree'; ++i) await page.keyboard.press('Tab');
  assert.equal(await focus(), 'Tree');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  await settled(page, 'tree');
  assert.equal(await focus(), 'Tree of actors');
  const at = () => page.evaluate(() => {
    const n = document.activeElement;
    return n.getAttribute('role') === 'treeitem'
      ? `${n.dataset.id} ${n.getAttribute('aria-level')} ${n.getAttribute('aria-expanded')}` : n.tagName;
  });
  for (let i = 0; i < 6 && !/^\d/.test(await at()); ++i) await page.keyboard.press('Tab');
  assert.match(await focus(), /\d % 1 engine idle$/);
  assert.equal(await at(), '1 1 true');
  for (const [key, place] of [['ArrowRight', '2 2 true'], ['ArrowDown', '3 3 true'], ['ArrowLeft', '3 3 false'],
    ['ArrowLeft', '2 2 true'], ['ArrowLeft', '2 2 false'], ['ArrowLeft', '1 1 true'], ['ArrowDown', '2 2 false'],
    ['ArrowDown', '5 2 null'], ['End', '61 2 null'], ['Home', '1 1 true'], ['i', '5 2 null'], ['ArrowDown', '6 2 true']]) {
    await page.keyboard.press(key);
    assert.equal(await at(), place, key);
  }
  // What was closed stays closed and what has the focus keeps it, whatever is told.
  daemon.actors = [...daemon.actors, ...daemon.actors.filter(a => a.kind === 'container').map(a => ({ ...a, id: a.id + 1000 }))];
  await rounds(page, 2);
  assert.equal(await at(), '6 2 true');
  assert.equal(await page.locator('[data-id="2"]').getAttribute('aria-expanded'), 'false');
  assert.equal(await page.locator('[role="treeitem"][tabindex="0"]').count(), 1);
  await page.keyboard.press('/');
  await page.keyboard.type('web-3');
  assert.deepEqual(await page.locator('[role="treeitem"]').evaluateAll(all => all.map(n => n.dataset.id).sort()), ['1', '1043', '43', '6']);
  await page.keyboard.press('Escape');
  await page.locator('[data-id="40"]').waitFor();
  await page.locator('[data-id="6"]').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await settled(page, 'actors/40');
  await faultless(page);
});

test('a table by keyboard', async () => {
  const daemon = await fake({ actors: manyActors(500) });
  const page = await visit(daemon.address, { view: 'actors' });
  const header = page.getByRole('columnheader', { name: 'Id' });
  await header.getByRole('button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await header.getAttribute('aria-sort'), 'descending');
  await page.keyboard.press('Space');
  assert.equal(await header.getAttribute('aria-sort'), 'ascending');
  assert.equal(await page.locator('[aria-sort]').count(), 1);
  const first = page.locator('tbody a').first();
  assert.equal(await first.textContent(), '1');
  await first.focus();
  const at = () => page.evaluate(() => document.activeElement.textContent);
  for (const [key, id] of [['ArrowDown', '2'], ['ArrowDown', '3'], ['ArrowUp', '2'], ['End', '500'], ['ArrowUp', '499'], ['Home', '1'], ['ArrowDown', '2']]) {
    await page.keyboard.press(key);
    assert.equal(await at(), id, key);
  }
  await rounds(page, 2);
  assert.equal(await at(), '2');
  assert.equal(await page.locator('tbody a[tabindex="0"]').count(), 1);
  await page.keyboard.press('/');
  await page.keyboard.type(':499');
  await page.getByText('1 of 500 actors').waitFor();
  assert.deepEqual(await page.locator('tbody a').allTextContents(), ['499']);
  await page.locator('tbody a').focus();
  await page.keyboard.press('Enter');
  await settled(page, 'actors/499');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await faultless(page);
});

test('ten thousand actors take less than 100 ms of script for an update', async t => {
  const daemon = await fake({ actors: manyActors(10000) });
  const page = await visit(daemon.address);
  const session = await page.context().newCDPSession(page);
  // In time of the processor: others may keep the machine busy meanwhile.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return ['ScriptDuration', 'TaskDuration'].map(name => metrics.find(m => m.name === name).value * 1000);
  };
  for (const view of ['actors', 'tree']) {
    await show(page, view);
    await rounds(page, 3); // until its code is compiled
    const costs = [];
    for (let i = 0; i < 5; ++i) {
      const before = await spent();
      await rounds(page, 1);
      costs.push((await spent()).map((ms, n) => ms - before[n]));
    }
    costs.sort((a, b) => a[1] - b[1]);
    const [script, all] = costs[2];
    t.diagnostic(`${view}: ${script.toFixed(1)} ms of script, ${all.toFixed(1)} ms with reading, layout and painting`);
    // NOTE: Chromium does not count as script what it takes to make values of 4 MB of JSON.
    const parsing = await page.evaluate(async () => {
      const text = JSON.stringify({ actors: Array.from({ length: 10000 }, (_, id) => ({ id, parent: 1, kind: 'connection',
        name: `connection tcp://10.0.0.1:${id}`, state: 'idle', age_ns: 1800e9, mailbox: 0, oldest_ns: 0, message: '',
        message_age_ns: 0, request: 0, messages: id, busy_ns: id * 1e6,
        waiting: { count: 500, mean_ns: 30000, p50_ns: 32768, p99_ns: 1048576, max_ns: 4194304, buckets: [] },
        handling: { count: 900, mean_ns: 60000, p50_ns: 65536, p99_ns: 2097152, max_ns: 8388608, buckets: [] } })) });
      let least = Infinity;
      for (let i = 0; i < 7; ++i) {
        const before = performance.now();
        JSON.parse(text);
        least = Math.min(least, performance.now() - before);
      }
      return least;
    });
    t.diagnostic(`${view}: ${parsing.toFixed(1)} ms to parse`);
    assert.ok(script + parsing < 100, `${view}: ${parsing}, ${costs}`);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes < 2500, `${nodes} elements`);
  }
  // All of them can be reached.
  await page.locator('[role="treeitem"]').first().focus();
  await page.keyboard.press('End');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /listener tcp/);
  await show(page, 'actors');
  await page.locator('tbody a[tabindex="0"]').focus();
  await page.keyboard.press('End');
  assert.equal(await page.evaluate(() => document.activeElement.closest('tr').getAttribute('aria-rowindex')), '10001');
  await faultless(page);
});

test('the daemon goes and comes back', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address, { view: 'actors' });
  await daemon.stop();
  await page.getByRole('alert').getByText(/does not answer since \d\d:\d\d:\d\d/).waitFor();
  if (shots) await page.screenshot({ path: `${shots}/gone.png` });
  assert.deepEqual(await page.evaluate(pale), []);
  assert.ok(await page.locator('tbody a').count() > 5); // what was known stays
  await page.getByText(/asked again in [2-9] s/).waitFor(); // less and less often
  daemon.pid = 4243;
  await daemon.start();
  await page.getByRole('button', { name: 'Ask now' }).click();
  await page.getByText('pid 4243').waitFor();
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  await eventually(() => daemon.followers === 1, 'it follows events again');
  assert.deepEqual(page.faults.filter(f => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|net::/.test(f)), []);
});

test('what a daemon does not tell is said, asked once, and breaks nothing', async () => {
  const missing = ['/v1/requests', '/v1/streams', '/v1/containers'];
  const daemon = await fake({ pages: Object.fromEntries(missing.map(path => [path, 404])) });
  const page = await visit(daemon.address);
  await settled(page, 'overview');
  for (const view of ['requests', 'streams', 'containers']) {
    await show(page, view);
    await page.getByText('this daemon does not tell').first().waitFor();
    await rounds(page, 2);
    assert.equal(daemon.count(`/v1/${view}`), 1);
  }
  await show(page, 'overview');
  await page.locator('.figure', { hasText: 'Requests at work' }).getByText('does not tell').waitFor();
  daemon.pages = {};
  daemon.pid = 5000; // another daemon, which tells
  await show(page, 'requests');
  await page.getByText('POST /v1.50/containers/create?name=db').waitFor();
  assert.deepEqual(page.faults.filter(f => !/status of 404/.test(f)), []);
});

test('one page that fails is told where it is missing', async () => {
  const daemon = await fake({ pages: { '/v1/pool': 503 } });
  const page = await visit(daemon.address, { view: 'threads' });
  await page.getByText('status 503').waitFor();
  await page.getByText('io 0').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('an actor: traced, paused, resumed, killed', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address, { view: 'actors/40' });
  const press = name => page.getByRole('button', { name, exact: true }).click();
  await press('Trace');
  await page.getByText('its messages are kept').waitFor();
  await page.getByRole('table', { name: 'Traced messages' }).getByText('run_job').first().waitFor();
  await press('Stop tracing');
  await page.getByText('not traced any more').waitFor();
  await press('Pause');
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  await press('Resume');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  // Not without being asked again; Escape and the first button leave it alone.
  await press('Kill…');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Leave it');
  if (shots) await page.screenshot({ path: `${shots}/kill.png` });
  await page.keyboard.press('Escape');
  await press('Kill…');
  await press('Leave it');
  assert.ok(!daemon.requests.includes('POST /v1/actors/40/kill'));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Kill…');
  await press('Kill…');
  await press('Kill it');
  await page.getByText('It has ended').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Trace' }).isDisabled());
  for (const each of ['POST trace', 'DELETE trace', 'POST pause', 'POST resume', 'POST kill'])
    assert.equal(daemon.requests.filter(r => r === each.replace(' ', ' /v1/actors/40/')).length, 1, each);
  assert.deepEqual(page.faults.filter(f => !/status of 404/.test(f)), []);
});

test('who may not kill is told so', async () => {
  const daemon = await fake({ refuse: "changes are for root and the daemon's own user" });
  const page = await visit(daemon.address, { view: 'actors/40' });
  await page.getByRole('button', { name: 'Kill…' }).click();
  await page.getByRole('button', { name: 'Kill it' }).click();
  await page.getByRole('alert').getByText("changes are for root and the daemon's own user").waitFor();
  if (shots) await page.screenshot({ path: `${shots}/refused.png` });
  await rounds(page, 2);
  assert.ok(await page.getByText('changes are for root').isVisible());
  assert.deepEqual(page.faults.filter(f => !/status of 403/.test(f)), []);
});

test('a request over time, as a picture and as a table', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address, { view: 'requests' });
  await page.getByRole('link', { name: '77' }).click();
  await settled(page, 'requests/77');
  const picture = page.getByRole('img', { name: /path of request 77 through 5 actors/ });
  await picture.waitFor();
  assert.equal(await picture.locator('rect.took').count(), 7);
  assert.equal(await picture.locator('rect.waited').count(), 6);
  const rows = await page.getByRole('table', { name: 'Steps of the request' }).locator('tr[data-key]').allInnerTexts();
  assert.equal(rows.length, 7);
  assert.match(rows[3], /30ms\s+worker 0\s+unpack layer\s+6ms\s+140ms/);
  // Bars lie where their times are.
  const edges = await picture.locator('rect.took').evaluateAll(all => all.map(r => Number(r.getAttribute('x'))));
  assert.ok(edges.at(-1) > edges[0]);
  await page.setViewportSize({ width: 360, height: 800 });
  // It is drawn anew with each update: one that was taken away meanwhile has no size to look at.
  const fits = drawn => drawn.isConnected && drawn.getBoundingClientRect().right <= 360;
  await eventually(() => picture.evaluate(fits), 'the picture fits');
  await faultless(page);
});

test('events and stalls are shown as they come, also to those who hear them', async () => {
  const daemon = await fake({ pages: { '/v1/stalls': { stalls: [] } } });
  const page = await visit(daemon.address);
  await settled(page, 'overview');
  await eventually(() => daemon.followers === 1, 'it follows events');
  daemon.tell('actor', { what: 'spawned', id: 901, kind: 'start-job', parent: 1, reason: '' });
  await page.getByText('spawned start-job 901').waitFor();
  const stall = { time: '2026-11-22T01:47:25.261992917Z', what: 'handler', actor: 4, request: 0, kind: 'router', message: 'run_job',
    where: '', duration_ns: 6e9, over: false };
  daemon.pages['/v1/stalls'] = { stalls: [stall] };
  daemon.tell('stall', stall);
  const alarm = page.locator('#alarms[role="status"]');
  await alarm.getByText('handler of router 4 for 6s, run_job').waitFor();
  if (shots) await page.screenshot({ path: `${shots}/alarm.png` });
  await alarm.getByRole('link', { name: 'actor 4' }).click();
  await settled(page, 'actors/4');
  daemon.pages['/v1/stalls'] = { stalls: [{ ...stall, over: true }] };
  await alarm.waitFor({ state: 'hidden' });
  await faultless(page);
});

test('nobody looks: nothing is asked', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address, { view: 'actors' });
  await eventually(() => daemon.followers === 1, 'it follows events');
  const turn = hidden => page.evaluate(to => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => to });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await turn(true);
  await eventually(() => daemon.followers === 0, 'it follows no more');
  const asked = daemon.requests.length;
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 4000)));
  assert.equal(daemon.requests.length, asked);
  // However often it is hidden and shown, one loop goes on.
  for (let i = 0; i < 20; ++i) {
    await turn(false);
    await turn(true);
  }
  await turn(false);
  await rounds(page, 2);
  const begin = daemon.count('/v1/actors');
  const rate = await page.evaluate(() => new Promise(resolve => setTimeout(() => resolve(performance.now()), 4500)));
  assert.ok(rate > 0);
  assert.ok(daemon.count('/v1/actors') - begin <= 4, `${daemon.count('/v1/actors') - begin} in 4.5 s`);
  await eventually(() => daemon.followers === 1, 'it follows again');
});

test('the theme can be chosen and is kept; nothing moves for those who do not want it', async () => {
  const daemon = await fake();
  const page = await visit(daemon.address, { colorScheme: 'light', reducedMotion: 'reduce' });
  await settled(page, 'overview');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel('Theme').selectOption('dark');
  assert.notEqual(await ground(), light);
  await page.reload();
  await settled(page, 'overview');
  assert.notEqual(await ground(), light);
  await page.getByLabel('Theme').selectOption('light');
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  assert.equal(await ground(), light);
  await show(page, 'actors');
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('*')]
    .filter(n => getComputedStyle(n).transitionDuration !== '0s' || getComputedStyle(n).animationName !== 'none').length), 0);
  await faultless(page);
});
