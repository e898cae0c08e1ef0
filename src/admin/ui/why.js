// Why a call was not mocked, in words.

import { h } from './dom.js';
import { prose } from './parts.js';
import { REASONS } from './words.js';

export function why(call) {
  const [what, look] = REASONS[call.miss] ?? ['No matching requests: no stub fits this call.', 'Compare method, host and path with the stubs.'];
  return h('section', { class: 'notice warn why' },
    h('h2', {}, 'Why was this not mocked?'),
    h('p', {}, h('strong', {}, prose(what)), ' ', prose(look)),
    call.mock ? h('p', {}, h('a', { href: `/mocks/${encodeURIComponent(call.mock)}` }, `The stubs of ${call.mock}`)) : null);
}
