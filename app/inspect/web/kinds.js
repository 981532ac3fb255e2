// Kinds of actors, with how long they wait and work.

import { h, setText } from '/dom.js';
import { count, duration, plural, share } from '/format.js';
import { histogram } from '/charts.js';
import { Growth } from '/loads.js';

class Card {
  constructor(name) {
    this.figures = h('p', { class: 'muted' });
    const chart = (title, className) => {
      const caption = h('figcaption', {});
      const holder = h('div', {});
      return { element: h('figure', {}, caption, holder), caption, holder, title, className, shown: '' };
    };
    this.waiting = chart('waiting', 'waited');
    this.handling = chart('handling', 'took');
    this.element = h('article', { class: 'kind' }, h('h3', {}, name),
      this.figures, h('div', { class: 'charts' }, this.waiting.element, this.handling.element));
    this.name = name;
  }

  set(kind, load) {
    setText(this.figures, `${count(kind.live)} live, ${count(kind.spawned)} ever, ` +
      `${plural(kind.messages, 'message')}, busy ${duration(kind.busy_ns)} (${share(load)} now)`);
    for (const [chart, latency] of [[this.waiting, kind.waiting], [this.handling, kind.handling]]) {
      setText(chart.caption, `${chart.title}\np50 ${duration(latency.p50_ns)}, p99 ${duration(latency.p99_ns)}`);
      const shown = JSON.stringify(latency);
      if (shown === chart.shown) continue;
      chart.shown = shown;
      chart.holder.replaceChildren(histogram(latency, `${chart.title} of ${this.name}`, chart.className));
    }
  }
}

const orders = {
  name: (a, b) => (a.kind < b.kind ? -1 : 1),
  live: (a, b) => b.live - a.live,
  messages: (a, b) => b.messages - a.messages,
  busy: (a, b) => b.busy_ns - a.busy_ns,
  'waiting p99': (a, b) => b.waiting.p99_ns - a.waiting.p99_ns,
  'handling p99': (a, b) => b.handling.p99_ns - a.handling.p99_ns,
};

export function kindsView() {
  const growth = new Growth();
  const cards = new Map();
  const all = h('div', { class: 'kinds' });
  const counter = h('span', { class: 'muted' });
  const problem = h('p', { class: 'bad', role: 'status' });
  let kinds = [];
  const show = () => {
    const text = filter.value.trim().toLowerCase();
    const shown = kinds.filter(k => k.kind.toLowerCase().includes(text)).sort(orders[order.value]);
    const elements = shown.map(k => {
      const card = cards.get(k.kind) ?? new Card(k.kind);
      cards.set(k.kind, card);
      card.set(k, k.load);
      return card.element;
    });
    // Moved only if their order has changed: a card that is moved loses the focus in it.
    if (elements.length !== all.children.length || elements.some((e, i) => all.children[i] !== e))
      all.replaceChildren(...elements);
    setText(counter, `${shown.length} of ${kinds.length} kinds`);
  };
  const filter = h('input', { type: 'search', 'aria-label': 'Filter kinds', placeholder: 'filter: press /',
    oninput: show });
  const order = h('select', { 'aria-label': 'Order', onchange: show },
    Object.keys(orders).map(name => h('option', { value: name }, `by ${name}`)));
  return {
    title: 'Kinds of actors',
    element: h('div', {}, problem, h('div', { class: 'tools' }, filter, order, counter),
      h('p', { class: 'muted' }, 'Counts by powers of two of time, the bars logarithmic.'), all),
    targets: { kinds: '/v1/kinds' },
    every: 2000,
    update(answers, problems) {
      setText(problem, problems.kinds?.message ?? '');
      if (!answers.kinds) return;
      kinds = answers.kinds.kinds;
      growth.look(performance.now() * 1e6, kinds, k => k.kind, k => k.busy_ns, (k, busy, length) => {
        k.load = busy / length;
      });
      show();
    },
  };
}
