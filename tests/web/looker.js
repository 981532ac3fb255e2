// The page of a running daemon in Chromium, for the scripts that tests/integration uses.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const shots = process.env.GANTRY_WEB_SHOTS;

/** Opens `address`, as gantryctl web prints it, or one that is inspected over TLS with the paths of
 * a client's certificate and key, and does `work({ browser, page, faults, show })`. `faults` has what
 * the page said on the console as errors and what it threw; `show(view)` goes to a view and waits
 * until it has been told twice what is there. */
export async function look(address, [certPath, keyPath], work) {
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
    await work({ browser, page, faults, show });
  } finally {
    await browser.close();
  }
}
