// Whether the page of a running daemon shows something: `node shown.js ADDRESS WANTED`. WANTED is JSON:
// for each view the texts that have to come into sight there, with those of what is always in sight
// (the alarms) under "". For tests/integration/watchdog_test.py.

import assert from 'node:assert/strict';

import { look } from './looker.js';

const [, , address, wanted] = process.argv;

await look(address, [], async ({ page, faults, show }) => {
  for (const [view, texts] of Object.entries(JSON.parse(wanted))) {
    if (view) await show(view);
    const place = page.locator(view ? 'main' : '#alarms');
    for (const text of texts) {
      // Several places may have it.
      await place.getByText(text).first().waitFor().catch(async () => {
        assert.fail(`'${text}' is not in '${view}': ${await place.innerText()}`);
      });
    }
  }
  assert.deepEqual(faults, []);
});
