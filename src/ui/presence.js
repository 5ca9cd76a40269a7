// A screen that stays awake while it is asked to, and the icon of the tab.

// A browser lets go of the lock when the tab is hidden; it is taken again when the tab is back.
let wanted = false, asking = false, lock = null;
async function take() {
  if (!wanted || asking || lock || document.hidden || !navigator.wakeLock) return;
  asking = true;
  try {
    lock = await navigator.wakeLock.request('screen');
    lock.addEventListener('release', () => { lock = null; });
    if (!wanted) lock.release();
  } catch { /* A battery that is low, or a browser that forbids it: the screen may go dark then. */ }
  asking = false;
}

document.addEventListener('visibilitychange', take);
export function keep_awake(yes) {
  wanted = yes;
  if (yes) take();
  else lock?.release();
}

export function show_icon(name) {
  const link = document.querySelector('link[rel=icon]');
  if (link && !link.href.endsWith(name)) link.href = name;
}
