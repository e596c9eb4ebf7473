import { mount } from 'svelte';
import './lib/styles/tokens.css';
import './lib/styles/base.css';
import { tauriHost } from './lib/host/tauri';
import type { Host } from './lib/host/host';
import Workspace from './lib/views/Workspace.svelte';

/** The desktop program; in a plain browser during development a fake, which is left out of what is shipped. */
async function chooseHost(): Promise<Host> {
	if (import.meta.env.MODE !== 'production' && !('__TAURI_INTERNALS__' in globalThis)) {
		const { demonstrationHost } = await import('./lib/host/fake');
		return demonstrationHost(location.search);
	}
	return tauriHost;
}

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no #app');
mount(Workspace, { target, props: { host: await chooseHost() } });
