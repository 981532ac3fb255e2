// Actors: all of them as a tree and as a table, and one by itself.

import { change, get } from '/api.js';
import { h, say, setAttribute, setText } from '/dom.js';
import { clock, count, duration, level, share } from '/format.js';
import { histogram } from '/charts.js';
import { Loads } from '/loads.js';
import { Table, keyed } from '/table.js';
import { Tree, aboutActor } from '/tree.js';

/** A cell that shows a load, as a colour and in words. */
export function showLoad(cell, x) {
  let mark = cell.firstChild;
  if (!mark) cell.append(mark = h('span', {}));
  setAttribute(mark, 'class', `load load-${level(x)}`);
  setText(mark, share(x));
}

const columns = [
  { name: 'id', title: 'Id', number: true, value: a => a.id, href: a => `#/actors/${a.id}` },
  { name: 'load', title: 'Load', number: true, about: 'share of the time since the last look that it was busy',
    value: a => a.load ?? -1, show: (cell, a) => showLoad(cell, a.load) },
  { name: 'name', title: 'Name', value: a => a.name || a.kind },
  { name: 'state', title: 'State', value: a => a.state },
  { name: 'mailbox', title: 'Mailbox', number: true, value: a => a.mailbox, text: a => count(a.mailbox) },
  { name: 'oldest', title: 'Oldest', number: true, about: 'how long the message that waits longest has waited',
    value: a => a.oldest_ns, text: a => (a.mailbox > 0 ? duration(a.oldest_ns) : '') },
  { name: 'doing', title: 'Doing', value: a => a.message },
  { name: 'message_age', title: 'For', number: true, value: a => (a.message ? a.message_age_ns : 0),
    text: a => (a.message ? duration(a.message_age_ns) : '') },
  { name: 'request', title: 'Request', number: true, minor: true, value: a => a.request,
    text: a => a.request || '' },
  { name: 'busy', title: 'Busy', number: true, minor: true, about: 'time in handlers, ever',
    value: a => a.busy_ns, text: a => duration(a.busy_ns) },
  { name: 'messages', title: 'Messages', number: true, minor: true, value: a => a.messages,
    text: a => count(a.messages) },
  { name: 'waiting', title: 'Wait 99', number: true, minor: true,
    about: 'what 99 of 100 turns of its kind did not wait longer than',
    value: a => a.waiting?.p99_ns ?? 0, text: a => duration(a.waiting?.p99_ns) },
  { name: 'handling', title: 'Handle 99', number: true, minor: true,
    about: 'what 99 of 100 messages of its kind did not take longer than',
    value: a => a.handling?.p99_ns ?? 0, text: a => duration(a.handling?.p99_ns) },
  { name: 'age', title: 'Age', number: true, minor: true, value: a => a.age_ns, text: a => duration(a.age_ns) },
];

export function actorsView() {
  const loads = new Loads();
  const table = new Table({ label: 'Actors', noun: 'actor', columns, key: a => a.id, sort: '-load',
    words: a => `${a.name} ${a.kind} ${a.state} ${a.message}`, empty: 'there are no actors' });
  return {
    title: 'Actors',
    element: table.element,
    targets: { actors: '/v1/actors' },
    update({ actors }, problems) {
      table.set(actors && loads.look(actors), problems.actors?.message);
    },
  };
}

export function treeView() {
  const loads = new Loads();
  const tree = new Tree();
  const problem = h('p', { class: 'bad', role: 'status' });
  return {
    title: 'Tree of actors',
    element: h('div', {}, problem, tree.element),
    targets: { actors: '/v1/actors' },
    update({ actors }, problems) {
      setText(problem, problems.actors?.message ?? '');
      if (actors) tree.set(loads.look(actors));
    },
  };
}

// -- one actor ----------------------------------------------------------------------------------------

/** Names and values; those that stay keep their elements. */
class Facts {
  element = h('dl', { class: 'facts' });
  #values = new Map();

  set(pairs) {
    const names = pairs.map(([name]) => name).join('\n');
    if (names !== this.names) {
      this.names = names;
      this.#values = new Map(pairs.map(([name]) => [name, h('dd', {})]));
      this.element.replaceChildren(...pairs.flatMap(([name]) => [h('dt', {}, name), this.#values.get(name)]));
    }
    for (const [name, value] of pairs) {
      const cell = this.#values.get(name);
      if (value instanceof Node) {
        if (cell.firstChild?.href !== value.href) cell.replaceChildren(value);
        else setText(cell.firstChild, value.textContent);
      } else {
        setText(cell, value);
      }
    }
  }
}

const traced = [
  { name: 'time', title: 'Time', value: m => m.time, text: m => clock(m.time) },
  { name: 'type', title: 'Message', value: m => m.type },
  { name: 'sender', title: 'Sender', number: true, value: m => m.sender, text: m => m.sender || '–' },
  { name: 'request', title: 'Request', number: true, value: m => m.request, text: m => m.request || '' },
  { name: 'waited', title: 'Waited', number: true, value: m => m.waited_ns, text: m => duration(m.waited_ns) },
  { name: 'took', title: 'Took', number: true, value: m => m.took_ns, text: m => duration(m.took_ns) },
];

function confirmKill(name) {
  const dialog = h('dialog', { 'aria-labelledby': 'kill-title' },
    h('h2', { id: 'kill-title' }, 'Kill this actor?'),
    h('p', {}, `${name} ends at once. What it was doing is lost, and whoever waits for its answer gets an error.`),
    h('div', { class: 'tools' },
      h('button', { type: 'button', autofocus: true, onclick: () => dialog.close('') }, 'Leave it'),
      h('button', { type: 'button', class: 'bad', onclick: () => dialog.close('kill') }, 'Kill it')));
  document.body.append(dialog);
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'kill');
    });
    dialog.showModal();
  });
}

export function actorView(id) {
  const loads = new Loads();
  const figures = new Facts();
  const facts = new Facts();
  const noFacts = h('p', { class: 'muted' });
  const children = h('p', {});
  const outcome = h('p', { role: 'alert' });
  const charts = h('div', { class: 'kind' });
  const messages = new Table({ label: 'Traced messages', noun: 'message', columns: traced,
    key: m => m.key, empty: 'it is not traced' });
  const untraced = h('p', { class: 'muted' }, 'Its messages are not traced.');
  let detail = null;
  let ended = false;

  async function order(method, verb, done) {
    setText(outcome, '');
    try {
      await change(method, `/v1/actors/${id}/${verb}`);
      setAttribute(outcome, 'class', 'good');
      setText(outcome, done);
    } catch (error) {
      setAttribute(outcome, 'class', 'bad');
      setText(outcome, error.status === 404 && /no such page/.test(error.message)
        ? 'this daemon cannot do that' : error.message);
    }
    try {
      const answer = await get(`/v1/actors/${id}`);
      update({ detail: answer }, {});
    } catch { /* the next look tells */ }
  }
  const button = (text, action, more = {}) => h('button', { type: 'button', onclick: action, ...more }, text);
  const trace = button('Trace', () => (detail?.traced ? order('DELETE', 'trace', 'it is not traced any more')
    : order('POST', 'trace', 'its messages are kept from now on')));
  const pause = button('Pause', () => (detail?.actor.state === 'paused' ? order('POST', 'resume', 'it goes on')
    : order('POST', 'pause', 'it takes no messages until it is resumed')));
  const kill = button('Kill…', async () => {
    if (await confirmKill(detail?.actor.name ?? `actor ${id}`)) await order('POST', 'kill', 'it is killed');
    kill.focus();
  }, { class: 'bad' });
  const buttons = [trace, pause, kill];

  function update(answers, problems) {
    const problem = problems.detail;
    if (problem?.status === 404) {
      if (!ended) {
        ended = true;
        setAttribute(outcome, 'class', 'warn');
        setText(outcome, detail ? 'It has ended; this is what was known of it.' : problem.message);
        if (detail) say('the actor has ended');
      }
      for (const each of buttons) each.disabled = true;
      return;
    }
    if (problem) {
      setAttribute(outcome, 'class', 'bad');
      setText(outcome, problem.message);
    }
    if (!answers.detail) return;
    detail = answers.detail;
    const a = detail.actor;
    if (answers.daemon) loads.look({ time: answers.daemon.time, actors: [a] });
    const link = (href, text) => h('a', { href }, text);
    figures.set([
      ['name', a.name || a.kind], ['kind', a.kind], ['state', aboutActor(a)], ['load', share(a.load)],
      ['age', duration(a.age_ns)],
      ['parent', a.parent > 0 ? link(`#/actors/${a.parent}`, `actor ${a.parent}`) : 'none'],
      ['request', a.request > 0 ? link(`#/requests/${a.request}`, `request ${a.request}`) : 'none'],
      ['messages', `${count(a.messages)}, busy for ${duration(a.busy_ns)}`],
    ]);
    const pairs = Object.entries(detail.facts ?? {});
    facts.set(pairs);
    setText(noFacts, detail.facts_missing || (pairs.length === 0 ? 'It says nothing about itself.' : ''));
    const shown = detail.children.slice(0, 200);
    const names = shown.join();
    if (children.dataset.names !== names) {
      children.dataset.names = names;
      children.replaceChildren(...shown.length === 0 ? ['It has spawned none that live.']
        : shown.flatMap((c, i) => [i > 0 ? ', ' : '', link(`#/actors/${c}`, c)]),
      detail.children.length > shown.length ? ` and ${detail.children.length - shown.length} more` : '');
    }
    if (a.waiting && a.handling) {
      charts.replaceChildren(h('div', { class: 'charts' },
        h('figure', {}, h('figcaption', {}, `waiting for its turn\np50 ${duration(a.waiting.p50_ns)}, ` +
          `p99 ${duration(a.waiting.p99_ns)}`), histogram(a.waiting, `waiting of ${a.kind}`, 'waited')),
        h('figure', {}, h('figcaption', {}, `handling a message\np50 ${duration(a.handling.p50_ns)}, ` +
          `p99 ${duration(a.handling.p99_ns)}`), histogram(a.handling, `handling of ${a.kind}`, 'took'))));
    }
    setText(trace, detail.traced ? 'Stop tracing' : 'Trace');
    setText(pause, a.state === 'paused' ? 'Resume' : 'Pause');
    const any = detail.traced || detail.last?.length > 0;
    untraced.hidden = any;
    messages.element.hidden = !any;
    if (any) messages.set(keyed(detail.last, m => `${m.time} ${m.type} ${m.sender}`).reverse());
  }

  return {
    title: `Actor ${id}`,
    element: h('div', {},
      h('div', { class: 'tools' }, buttons), outcome,
      figures.element,
      h('h2', {}, 'What it says about itself'), facts.element, noFacts,
      h('h2', {}, 'Children'), children,
      h('h2', {}, 'Its kind'), charts,
      h('h2', {}, 'Last messages'), untraced, messages.element),
    targets: { detail: `/v1/actors/${id}` },
    every: 1000,
    update,
  };
}
