// Calls as they pass. They come in bursts: what came within a tenth of a second is shown at once. What the server could
// not send in time is told, not hidden.

import { refresh } from './session.js';

/// How long calls are gathered, milliseconds.
const GATHER = 100;

/// Follows the calls that fit. `came` gets new ones, oldest first; `missed` how many did not arrive; `state` a word:
/// `live`, `waiting` (for the server) or `lost`.
export function follow(address, { came, missed, state }) {
  const source = new EventSource(address);
  let gathered = [];
  let timer = null;
  const flush = () => {
    timer = null;
    const calls = gathered;
    gathered = [];
    came(calls);
  };
  source.addEventListener('call', (event) => {
    gathered.push(JSON.parse(event.data));
    timer ??= setTimeout(flush, GATHER);
  });
  source.addEventListener('missed', (event) => missed(JSON.parse(event.data).missed));
  source.addEventListener('open', () => state('live'));
  source.addEventListener('error', async () => {
    if (source.readyState !== EventSource.CLOSED) return state('waiting');
    // Refused: the sign-in may be over, or there is no place for a further reader.
    state('lost');
    try {
      const { signed_in: isIn } = await refresh();
      if (!isIn) window.dispatchEvent(new CustomEvent('signed-out'));
    } catch {
      // The server is gone; the state says so.
    }
  });
  return {
    close: () => {
      source.close();
      clearTimeout(timer);
    },
  };
}
