// Who the reader is. With a token the page signs in once and holds a cookie that scripts cannot read: the token itself
// is nowhere kept.

import { ask, get, Problem } from './api.js';
import { h, replace } from './dom.js';

/// What `GET /v1/session` said last.
export const session = { token_required: false, signed_in: false, read_only: false, version: '' };

export async function refresh() {
  Object.assign(session, await get('/v1/session'));
  return session;
}

export const signOut = () => ask('DELETE', '/v1/session');

/// The page that asks for the token; calls back once it was the right one.
export function signIn(main, { over = false, done }) {
  const problem = h('div', { role: 'alert' });
  const token = h('input', { id: 'token', type: 'password', name: 'token', autocomplete: 'current-password', required: true, autofocus: true, spellcheck: 'false' });
  const button = h('button', { class: 'primary' }, 'Sign in');
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await ask('POST', '/v1/session', { body: { token: token.value } });
      await refresh();
      if (!session.signed_in) throw new Problem({ detail: 'The browser did not keep the cookie.', help: 'Allow cookies for this page.' });
      done();
    } catch (refused) {
      const text = refused.status === 401 ? 'This is not the token. It is the value of `admin.token` in standin.toml, or of the variable that it names.' : refused.message;
      replace(problem, h('p', { class: 'notice bad' }, text.replaceAll('`', '')));
      token.select();
    } finally {
      button.disabled = false;
    }
  };
  replace(main,
    h('div', { class: 'sign-in card' },
      h('h1', { tabindex: '-1' }, 'Sign in'),
      h('p', {}, over ? 'Your sign-in is over. Sign in again; you come back to where you were.' : 'This sidecar asks for the token of its admin listener.'),
      problem,
      h('form', { onsubmit: send },
        h('div', { class: 'field' }, h('label', { for: 'token' }, 'Token'), token),
        button)));
  token.focus();
}
