// Waits for a state of the page, and says what it waited for when that does not come.

async function until(what, limit, look) {
  const end = Date.now() + limit;
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error.message;
    }
    if (Date.now() > end) throw new Error(`waited ${limit / 1000} s for ${what}; last seen: ${JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const expect = {
  until,
  visible: (locator, limit = 10_000) => until(`${locator} to be visible`, limit, () => locator.isVisible()),
  enabled: (locator, limit = 10_000) =>
    until(`${locator} to be enabled`, limit, () => locator.isEnabled({ timeout: 1000 })),
  hiddenOrDisabled: (locator, limit = 10_000) =>
    until(`${locator} to be gone or disabled`, limit, async () => !(await locator.isVisible()) || (await locator.isDisabled({ timeout: 1000 }))),
  count: (locator, number, limit = 10_000) =>
    until(`${number} of ${locator}`, limit, async () => (await locator.count()) === number),
};
