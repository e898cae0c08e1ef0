// Where the reader is: everything that a page shows lies in its address, so that a view can be shared, reloaded and left
// by the back button.

const listeners = new Set();

/// Calls back when another address is to be shown.
export const onRoute = (callback) => listeners.add(callback);

const tell = (how) => listeners.forEach((callback) => callback(how));

/// Goes to an address as a link does.
export function go(address, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  tell('link');
}

/// The members of the address' query.
export const query = () => Object.fromEntries(new URLSearchParams(location.search));

/// Puts the state of a page into its address, without showing it anew.
export function keep(members, { push = false } = {}) {
  const text = new URLSearchParams(Object.entries(members).filter(([, value]) => value !== undefined && value !== null && value !== '')).toString();
  const address = location.pathname + (text ? `?${text}` : '');
  if (address === location.pathname + location.search) return;
  if (push) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}

/// Follows links within the page, and the back button.
export function listen() {
  window.addEventListener('popstate', () => tell('back'));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.('a[href]');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/v1/') || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
