// Overrides: a scenario that is forced, a stub that is off, for a time or for some calls. They lie over the files, and
// each can be undone.

import { get, has, path, post, remove } from './api.js';
import { fresh, h, replace } from './dom.js';
import { left, moment, plural } from './format.js';
import { changes, confirmed, doing, empty, field, refusal, say, select, tag, whyNot } from './parts.js';

const TIMES = [['10m', '10 minutes'], ['1h', '1 hour'], ['8h', '8 hours'], ['', 'Until it is undone']];

/// What the page of a scenario offers: to force it, or to switch its stub off.
export function force(mock, stub, one) {
  const content = h('div', {});
  if (!has('POST', '/v1/overrides')) return { content };
  const refused = h('div', {});
  const ttl = select(TIMES, '10m', { id: 'force-ttl' });
  const count = h('input', { id: 'force-count', type: 'number', min: '1', placeholder: 'any' });
  const put = (body) => async () => {
    const limits = { ...(ttl.value ? { ttl: ttl.value } : {}), ...(count.value ? { count: Number(count.value) } : {}) };
    await post('/v1/overrides', { mock: mock.name, stub: stub.name, ...body, ...limits });
    say(body.scenario ? `${one.name} is forced` : `${stub.name} is off`);
  };
  const button = (id, kind, text, body) => changes(doing(h('button', { type: 'button', id, class: kind }, text), put(body), { place: refused }));
  replace(content, h('details', { class: 'force' },
    h('summary', {}, 'Override'),
    h('p', { class: 'muted small' }, 'Without touching the files: let this scenario answer whatever the conditions say, or let the stub answer nothing.'),
    whyNot(),
    h('div', { class: 'request' }, field('For', ttl), field('For so many calls', count),
      h('div', { class: 'buttons' }, button('force', 'primary', 'Force this scenario', { scenario: one.name }), button('stub-off', 'plain', 'Switch the stub off', { off: true }))),
    refused, h('p', { class: 'small' }, h('a', { href: '/overrides' }, 'All overrides'))));
  return { content };
}

const NOTHING = () => empty('Nothing is overridden',
  h('p', {}, 'What the files say is in force. To force a scenario or to switch a stub off for a while, open it and choose ', h('em', {}, 'Override'), '.'),
  h('p', {}, h('a', { href: '/mocks' }, 'Go to the mocks')));

export async function show({ current }) {
  const content = h('div', {});
  const heading = h('h1', { id: 'heading', tabindex: '-1' }, 'Overrides');
  let timer = null;

  const row = (one) => {
    const undo = doing(h('button', { type: 'button', class: 'plain', id: `undo-${one.id}`, 'aria-label': `Undo: ${one.scenario ?? one.stub ?? one.mock}` }, 'Undo'), async () => {
      await remove(path`/v1/overrides/${one.id}`);
      say('As in the files again');
      await draw();
      if (document.activeElement === document.body) heading.focus();
    });
    const target = withTarget(one);
    return h('li', { class: 'card' }, h('div', { class: 'line' },
      tag(one.scenario ? 'Forced' : 'Off', one.scenario ? 'warn' : 'bad'), target,
      h('span', { class: 'muted' }, [
        one.until ? ['for ', h('time', { datetime: one.until, title: moment(one.until) }, left(one.until)), ' more'] : 'until it is undone',
        one.remaining !== null && one.remaining !== undefined ? `, ${plural(one.remaining, 'call')} more` : null,
        one.if ? [', only where ', h('code', {}, JSON.stringify(one.if))] : null]),
      h('span', { class: 'push' }, changes(undo))));
  };
  const withTarget = (one) => h('a', { href: path`/mocks/${one.mock}` + `?${new URLSearchParams(Object.entries({ stub: one.stub, scenario: one.scenario }).filter(([, value]) => value))}` },
    [one.mock, one.stub, one.scenario].filter(Boolean).join(' / '));

  const draw = async () => {
    const { overrides } = await get('/v1/overrides');
    const every = doing(h('button', { type: 'button', class: 'plain', id: 'undo-all' }, 'Undo all'), async () => {
      if (!await confirmed('Undo all overrides?', 'What the files say is in force again, at once.', 'Undo all')) return;
      await remove('/v1/overrides');
      await draw();
    });
    replace(content, whyNot(),
      overrides.length ? [h('ul', { class: 'cards one', id: fresh('overrides') }, overrides.map(row)), has('DELETE', '/v1/overrides') ? h('p', {}, changes(every)) : null] : NOTHING());
  };
  await draw();
  timer = setInterval(() => {
    for (const time of content.querySelectorAll('time')) replace(time, left(time.dateTime));
    const over = [...content.querySelectorAll('time')].some((time) => new Date(time.dateTime) <= Date.now());
    if (over && current()) draw().catch((problem) => replace(content, refusal(problem)));
  }, 1000);
  return { content: [h('div', { class: 'title' }, heading), content], close: () => clearInterval(timer) };
}
