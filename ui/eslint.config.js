import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Import patterns that one layer may not use, with the message that says where the code belongs. */
const tauri = {
	group: ['@tauri-apps/*'],
	message: 'Only host/tauri.ts talks to Tauri. Add a method to Host and call that.',
};
const everything = {
	group: ['$lib/*', '../host/*', '../features/*', '../views/*', '../ipc/*'],
	message:
		'A primitive in lib/ui knows nothing of ours. Pass the value in as a prop, or move it to a feature.',
};
const views = {
	group: ['$lib/views/*', '**/views/*'],
	message: 'Features do not know the views that show them. Pass a callback in.',
};
const fake = {
	group: ['**/host/fake', '**/host/fake/*', '$lib/host/fake'],
	message: 'The fake host is for tests and main.ts in a browser; it is not shipped.',
};
const siblings = {
	regex: '^(\\$lib/features/|\\.\\./(?!\\.\\.)[^.]|\\.\\./\\.\\./features/)',
	message: 'A feature never imports another feature. Share a primitive (lib/ui) or compose both in a view.',
};
const restrict = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default ts.config(
	{ ignores: ['dist/', 'src/lib/ipc/generated/'] },
	js.configs.recommended,
	ts.configs.strictTypeChecked,
	ts.configs.stylisticTypeChecked,
	svelte.configs.recommended,
	svelte.configs.prettier,
	{
		languageOptions: {
			globals: globals.browser,
			parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] },
		},
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
	},
	{
		rules: {
			// Numbers in a template read better than String(n) around each of them.
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
			'svelte/button-has-type': 'error',
			'svelte/no-at-html-tags': 'error',
			// `style:top` goes through the DOM and is allowed by the content security policy; the attribute is not.
			'no-restricted-syntax': [
				'error',
				{
					selector: 'SvelteAttribute[key.name="style"]',
					message: 'The window forbids style attributes. Use a class or a style: directive.',
				},
			],
			...restrict(tauri, fake),
		},
	},
	{ files: ['src/lib/ui/**'], rules: restrict(tauri, fake, everything) },
	{ files: ['src/lib/features/**'], rules: restrict(tauri, fake, views, siblings) },
	{ files: ['src/lib/host/**'], rules: restrict(tauri) },
	{
		files: ['src/lib/host/tauri.ts', '**/*.test.ts', 'src/test/**', 'src/main.ts'],
		rules: { 'no-restricted-imports': 'off' },
	},
	{ files: ['*.js'], extends: [ts.configs.disableTypeChecked] },
);
