import type { VerdictView } from '$lib/ipc/generated/VerdictView';

/** Each verdict in one plain sentence, and what follows from it. */
export const VERDICTS: Record<VerdictView, { headline: string; advice: string }> = {
	safe: {
		headline: 'Loading this model is safe',
		advice: 'The whole file was read. It uses only code that its framework is known to need.',
	},
	review: {
		headline: 'Loading this model runs code that Packwright does not know',
		advice: 'Load it only if you trust where the code below comes from.',
	},
	unscanned: {
		headline: 'This file could not be read completely',
		advice: 'What was not read may hold anything. Load it only if you trust where it comes from.',
	},
	dangerous: {
		headline: 'Loading this model is dangerous',
		advice: 'Do not load it. If you expected a plain model, the file was tampered with.',
	},
};
