import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { PlaceReportView } from '$lib/ipc/generated/PlaceReportView';

/** What two places say of a draft. The fake's stand-in for the engine's rules. */
export function placesOf(draft: DraftView): PlaceReportView[] {
	const name = draft.name.text;
	const better = name.replaceAll('_', '-');
	const hasOutputs = draft.signature.outputs.kind !== 'unknown';
	return [
		{
			place: 'Databricks Unity Catalog',
			outcome: hasOutputs ? 'pass' : 'fail',
			checks: [
				hasOutputs
					? { outcome: 'pass', text: 'The signature says what comes out.', fix: null }
					: {
							outcome: 'fail',
							text: 'Unity Catalog refuses signatures that do not say what comes out.',
							fix: { kind: 'section', section: 'signature' },
						},
				{ outcome: 'pass', text: `“${name}” is a name that it takes.`, fix: null },
			],
		},
		{
			place: 'Amazon SageMaker',
			outcome: name === better ? 'pass' : 'fail',
			checks: [
				name === better
					? { outcome: 'pass', text: `“${name}” is a name that it takes.`, fix: null }
					: {
							outcome: 'fail',
							text: `Amazon SageMaker does not take “${name}” as a name.`,
							fix: { kind: 'edit', label: `Name it ${better}`, edit: { kind: 'setName', name: better } },
						},
			],
		},
	];
}
