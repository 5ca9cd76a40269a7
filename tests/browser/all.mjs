// The browser tests, one file after the other in one process: they share two cores and one GPU.
//
// Run by `cargo xtask test --only browser`, or by hand after a build of the page:
//   cd tests/browser && npm ci && npm test
// CHROMIUM names the browser, POLO_BIN the native program, POLO_SCREENSHOTS a folder for pictures.

import './page.test.mjs';
import './worker.test.mjs';
import './door.test.mjs';
import './library.test.mjs';
import './real.test.mjs';
import './scripted.test.mjs';
import './comfort.test.mjs';
import './chats.test.mjs';
import './keeping.test.mjs';
import './words.test.mjs';
import './presence.test.mjs';
import './search.test.mjs';
import './models.test.mjs';
import './hub.test.mjs';
import './remote.test.mjs';
import './look.test.mjs';
import './screens.test.mjs';
import './everyone.test.mjs';
import './walk.test.mjs';
import './offline.test.mjs';
import './without-gpu.test.mjs';
