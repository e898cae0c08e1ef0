// How often what was called, since the start and day by day.

import { get } from './api.js';
import { h, replace } from './dom.js';
import { moment, number } from './format.js';
import { decision, empty, facts } from './parts.js';

const SVG = 'http://www.w3.org/2000/svg';

/// Bars of the last days; each says its day and number.
function days(list, today) {
  const end = new Date(`${today}T00:00:00Z`);
  const of = new Map(list.map((one) => [one.day, one.calls]));
  const span = Array.from({ length: 31 }, (_, at) => new Date(end - (30 - at) * 86_400_000).toISOString().slice(0, 10));
  const most = Math.max(1, ...of.values());
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 310 40');
  svg.setAttribute('preserveAspectRatio', 'xMinYMid');
  svg.setAttribute('class', 'days');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `Calls on each of 31 days, at most ${number(most)} on one`);
  span.forEach((day, at) => {
    const calls = of.get(day) ?? 0;
    const tall = calls ? Math.max(2, (calls / most) * 38) : 1;
    const bar = document.createElementNS(SVG, 'rect');
    for (const [name, value] of Object.entries({ x: at * 10 + 1, y: 40 - tall, width: 8, height: tall, rx: 1 })) bar.setAttribute(name, value);
    bar.setAttribute('class', calls ? 'some' : 'none');
    const title = document.createElementNS(SVG, 'title');
    title.textContent = `${day}: ${number(calls)}`;
    bar.append(title);
    svg.append(bar);
  });
  return svg;
}

/// The limits of a mock, and how much of each is used.
const limits = (one) => [one.limit?.calls, one.limit?.rate].filter(Boolean).map(({ most, per, used, resets }) => h('div', { class: 'limit' },
  h('label', {}, `${number(used)} of ${number(most)} calls a ${per} `, h('progress', { max: most, value: used })),
  h('span', { class: 'muted small' }, `anew ${moment(resets)}`)));

function table(stubs) {
  const rows = stubs.flatMap((stub) => [
    h('tr', {}, h('th', { scope: 'row' }, stub.stub), h('td', {}, number(stub.today)), h('td', {}, number(stub.calls))),
    ...stub.scenarios.map((one) => h('tr', { class: 'sub' }, h('th', { scope: 'row' }, one.scenario), h('td', {}, number(one.today)), h('td', {}, number(one.calls)))),
  ]);
  return h('table', { class: 'numbers' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Stub and scenario'), h('th', { scope: 'col' }, 'Today'), h('th', { scope: 'col' }, 'Since the start'))),
    h('tbody', {}, rows));
}

function card(one, today) {
  const inside = h('div', {});
  const more = one.mock ? h('details', {}, h('summary', {}, 'By stub and scenario'), inside) : null;
  more?.addEventListener('toggle', async () => {
    if (!more.open || inside.childElementCount) return;
    try {
      const { mocks } = await get(`/v1/usage?mock=${encodeURIComponent(one.mock)}`);
      replace(inside, mocks[0]?.stubs?.length ? table(mocks[0].stubs) : h('p', { class: 'muted' }, 'No stub of it was called yet.'));
    } catch (problem) {
      replace(inside, h('p', { class: 'notice bad' }, problem.message));
    }
  });
  const name = one.mock || 'No mock';
  return h('li', { class: 'card use' },
    h('div', { class: 'line' }, h('h2', {}, one.mock ? h('a', { href: `/mocks/${encodeURIComponent(one.mock)}` }, name) : name),
      one.mock ? null : h('span', { class: 'muted small' }, 'Calls that reached no mock: passed through, or turned away before one was chosen'),
      h('span', { class: 'push figures' }, h('b', {}, number(one.today)), ' today, ', h('b', {}, number(one.calls)), ' since the start')),
    days(one.days, today),
    limits(one),
    h('p', { class: 'badges' }, Object.entries(one.decisions).map(([word, calls]) => h('span', { class: 'share' }, decision(word), ` ${number(calls)}`))),
    more);
}

export async function show() {
  const content = h('div', { class: 'stack' });
  const draw = async () => {
    const usage = await get('/v1/usage');
    replace(content,
      h('div', { class: 'card' }, facts([['Calls today (UTC)', number(usage.calls_today)], ['Calls since the start', number(usage.calls)], ['Counted since', moment(usage.since)]])),
      usage.calls ? null
        : empty('Nothing was called yet', h('p', {}, 'Copy the URL of a mock and call it, or test a response.'), h('p', {}, h('a', { href: '/mocks' }, 'Go to the mocks'))),
      usage.mocks.length ? h('ul', { class: 'cards one' }, usage.mocks.map((one) => card(one, usage.today))) : null);
  };
  const again = h('button', { type: 'button', class: 'plain push', id: 'refresh', onclick: () => draw().catch((problem) => replace(content, h('p', { class: 'notice bad' }, problem.message))) }, 'Refresh');
  await draw();
  return { content: [h('div', { class: 'title' }, h('h1', { id: 'heading', tabindex: '-1' }, 'Usage'), again), content] };
}
