// The server stubs of a mock: named 5xx answers, one of which may answer for the whole mock.

import { all, has, patch, path } from './api.js';
import { h, replace } from './dom.js';
import { bodyOf, headersOf } from './message.js';
import { changes, doing, empty, say, status, tag, whyNot } from './parts.js';

const NOTHING = () => empty('This mock has no server stubs',
  h('p', {}, 'A server stub is a 5xx answer for a whole mock, to see how callers take an outage. Add one to the file of the mock:'),
  h('pre', {}, '[[server_stub]]\nname   = "maintenance"\nstatus = 503\njson   = { error = "planned work" }'));

export async function serverStubs(mock, changed) {
  const content = h('div', { class: 'stack' });
  const address = path`/v1/mocks/${mock.name}`;
  const canSwitch = has('PATCH', '/v1/mocks/{mock}');

  let turn = 0;

  const draw = async () => {
    const mine = ++turn;
    const stubs = await all(`${address}/server-stubs`, {}, 'server_stubs');
    if (mine !== turn) return content;
    if (!stubs.length) return replace(content, NOTHING());
    const button = (stub) => {
      const control = h('button', { type: 'button', id: `switch-${stub.name}`, class: stub.active ? 'plain' : 'primary' }, stub.active ? 'Deactivate' : 'Activate');
      return changes(doing(control, async () => {
        changed(await patch(address, { active_server_stub: stub.active ? null : stub.name }, { headers: { 'if-match': '*' } }));
        say(stub.active ? `${stub.name} answers no more` : `${stub.name} answers for ${mock.name} now`);
        await draw();
      }));
    };
    return replace(content, whyNot(),
      h('ul', { class: 'cards one' }, stubs.map((stub) => h('li', { class: stub.active ? 'card active' : 'card' },
        h('div', { class: 'line' }, status(stub.status), h('h2', {}, stub.name), stub.active ? tag('Active', 'bad', 'Answers in place of the stubs') : null,
          stub.delay ? tag(`Delay ${stub.delay}`) : null, canSwitch ? h('span', { class: 'push' }, button(stub)) : null),
        h('details', {}, h('summary', {}, 'Headers and body'), headersOf(stub.headers, `Headers of ${stub.name}`), bodyOf(stub.body, stub.headers, { kept: false }))))),
      canSwitch ? null : h('p', { class: 'muted' }, 'To activate one, set ', h('code', {}, 'active_server_stub'), ' in the file of the mock.'));
  };
  await draw();
  return { content };
}
