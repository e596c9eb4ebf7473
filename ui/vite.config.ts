import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
	plugins: [svelte(), svelteTesting()],
	clearScreen: false,
	resolve: { alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) } },
	server: { port: 1420, strictPort: true },
	// Files stay files: the content security policy of the window allows no data: scripts or styles.
	build: { target: 'safari16', sourcemap: false, assetsInlineLimit: 0 },
	test: {
		environment: 'jsdom',
		setupFiles: ['./src/test/setup.ts'],
		restoreMocks: true,
		// The test of the colours reads the file; other styles are left out, as usual.
		css: { include: /tokens\.css/ },
		// Queries by role are slow in jsdom, and slower on a busy machine.
		testTimeout: 30_000,
	},
});
