// The frame: which view is shown, the daemon's state above it, alarms.

import { begin } from '/api.js';
import { actorView, actorsView, treeView } from '/actors.js';
import { h, say, setAttribute, setText } from '/dom.js';
import { clock, duration } from '/format.js';
import { kindsView } from '/kinds.js';
import { connectionsView, containersView, jobsView, streamsView, threadsView, troubleView } from '/lists.js';
import { heedEvent, overviewView } from '/overview.js';
import { Poller } from '/poll.js';
import { requestView, requestsView } from '/requests.js';

/**
 * Views by the first word of the hash. Each is a function of the rest of it that makes
 * {title, element, targets, every, update(answers, problems)}; {id} ones are shown for a number.
 */
const views = [
  { name: 'overview', title: 'Overview', make: overviewView },
  { name: 'tree', title: 'Tree', make: treeView },
  { name: 'actors', title: 'Actors', make: actorsView, one: actorView },
  { name: 'requests', title: 'Requests', make: requestsView, one: requestView },
  { name: 'kinds', title: 'Kinds', make: kindsView },
  { name: 'connections', title: 'Connections', make: connectionsView },
  { name: 'jobs', title: 'Jobs', make: jobsView },
  { name: 'containers', title: 'Containers', make: containersView },
  { name: 'threads', title: 'Threads', make: threadsView },
  { name: 'streams', title: 'Streams', make: streamsView },
  { name: 'trouble', title: 'Trouble', make: troubleView },
];

const main = document.getElementById('main');
const daemon = document.getElementById('daemon');
const down = document.getElementById('down');
const alarms = document.getElementById('alarms');
const tabs = new Map();

let view = null;
let told = ''; // of the alarms, to say each once
let downTimer = 0;
let updates = 0;

// -- theme ------------------------------------------------------------------------------------------

function useTheme(theme) {
  setAttribute(document.documentElement, 'data-theme', theme === 'auto' ? null : theme);
}

function startTheme() {
  const choice = document.getElementById('theme');
  let kept = 'auto';
  try {
    kept = localStorage.getItem('gantry-theme') ?? 'auto';
  } catch { /* nothing is kept here */ }
  choice.value = ['light', 'dark'].includes(kept) ? kept : 'auto';
  useTheme(choice.value);
  choice.addEventListener('change', () => {
    useTheme(choice.value);
    try {
      localStorage.setItem('gantry-theme', choice.value);
    } catch { /* as above */ }
  });
}

// -- state of the daemon ------------------------------------------------------------------------------

function showDaemon(greeting) {
  setText(daemon, `${greeting.version}, pid ${greeting.pid}, up ${duration(greeting.uptime_ns)}`);
}

function showDown(since, why, wait, again) {
  main.classList.add('stale');
  alarms.hidden = true; // nobody knows
  told = '';
  const line = h('span', {});
  const button = h('button', { type: 'button', onclick: again }, 'Ask now');
  const until = performance.now() + wait;
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    setText(line, `asked again in ${left} s`);
  };
  tick();
  clearInterval(downTimer);
  downTimer = setInterval(tick, 1000);
  // What is read aloud changes only if the reason does.
  const text = `The daemon does not answer since ${clock(since.toISOString()).slice(0, 8)}: ${why}`;
  const words = down.querySelector('p');
  const old = down.querySelector('.again');
  if (words?.textContent === text && old) {
    old.replaceChildren(line, button);
    return;
  }
  down.replaceChildren(h('p', {}, text),
    h('span', { class: 'again', 'aria-live': 'off' }, line, button));
  down.hidden = false;
}

function showUp() {
  clearInterval(downTimer);
  main.classList.remove('stale');
  down.hidden = true;
  down.replaceChildren();
  say('the daemon answers again');
}

function showOver(why) {
  main.classList.add('stale');
  down.replaceChildren(h('p', {}, why),
    h('p', {}, 'Run ', h('code', {}, 'gantryctl web'), ' and open the address that it prints.'));
  down.hidden = false;
}

function stallText(stall) {
  const who = stall.actor > 0 ? ` of ${stall.kind} ${stall.actor}` : '';
  let text = `${stall.what}${who} for ${duration(stall.duration_ns)}`;
  if (stall.message) text += `, ${stall.message}`;
  if (stall.request > 0) text += `, request ${stall.request}`;
  return stall.where ? `${text}, at ${stall.where.split('\n')[0]}` : text;
}

function showAlarms(stalls) {
  const present = (stalls ?? []).filter(s => !s.over);
  alarms.hidden = present.length === 0;
  const names = present.map(s => `${s.what} ${s.actor} ${s.time}`).join();
  if (names === told && present.length > 0) {
    const lines = alarms.querySelectorAll('li span');
    present.slice(0, 5).forEach((s, i) => lines[i] && setText(lines[i], stallText(s)));
    return;
  }
  told = names;
  alarms.setAttribute('aria-live', 'polite');
  alarms.replaceChildren(...present.length === 0 ? [] : [
    h('strong', {}, 'Stuck now'),
    h('ul', {}, present.slice(0, 5).map(s => h('li', {},
      h('span', { 'aria-live': 'off' }, stallText(s)), ' ',
      s.actor > 0 && h('a', { href: `#/actors/${s.actor}` }, `actor ${s.actor}`)))),
    present.length > 5 && h('p', {}, h('a', { href: '#/trouble' }, `and ${present.length - 5} more`)),
  ].filter(Boolean));
}

// -- views ----------------------------------------------------------------------------------------------

function startTabs() {
  const list = document.getElementById('tabs');
  for (const { name, title } of views) {
    const link = h('a', { href: `#/${name}` }, title);
    tabs.set(name, link);
    list.append(h('li', {}, link));
  }
}

function route() {
  const [, name = '', rest = ''] = /^#\/([a-z]+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
  const found = views.find(v => v.name === name) ?? views[0];
  return { found, id: found.one && rest ? rest : null };
}

function showView(byHand) {
  const { found, id } = route();
  for (const [name, link] of tabs)
    setAttribute(link, 'aria-current', name === found.name ? (id ? 'true' : 'page') : null);
  tabs.get(found.name).scrollIntoView({ block: 'nearest', inline: 'nearest' });
  view?.end?.();
  view = id ? found.one(id) : found.make();
  const heading = h('h1', { tabindex: -1 }, view.title);
  document.title = `${view.title} - Gantry`;
  main.replaceChildren(heading, view.element);
  poller.ask(view.targets, view.every);
  if (byHand) heading.focus();
}

const poller = new Poller({
  answers(answers, problems) {
    if (answers.daemon) showDaemon(answers.daemon);
    if (answers.stalls) showAlarms(answers.stalls.stalls);
    view.update(answers, problems);
    main.dataset.updates = ++updates; // for tests, which wait for the next one
  },
  down: showDown,
  up: showUp,
  over: showOver,
  event(name, data) {
    heedEvent(name, data);
    view?.event?.(name, data);
    if (name === 'stall' || name === 'actor') poller.hurry();
  },
});

document.addEventListener('keydown', e => {
  const typing = e.target.closest?.('input, select, textarea, dialog');
  if (typing) {
    if (e.key === 'Escape' && e.target.matches('input[type="search"]')) {
      e.target.value = '';
      e.target.dispatchEvent(new Event('input'));
    }
    return;
  }
  if (e.key !== '/' || e.ctrlKey || e.altKey || e.metaKey) return;
  const filter = main.querySelector('input[type="search"]');
  if (!filter) return;
  e.preventDefault();
  filter.focus();
  filter.select();
});

document.querySelector('.skip').addEventListener('click', e => {
  e.preventDefault(); // the hash is the view's
  main.focus();
});

startTheme();
startTabs();
try {
  await begin();
  window.addEventListener('hashchange', () => showView(true));
  showView(false);
} catch (error) {
  showOver(error.message);
}
