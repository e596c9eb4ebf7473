import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { FactView } from '$lib/ipc/generated/FactView';
import type { SourcedText } from '$lib/ipc/generated/SourcedText';

/** The facts of the overview: what every model has, then what the reader of its format found. */
export function overviewFacts(draft: DraftView): FactView[] {
	return [
		...ofText('model_class', 'Class', draft.modelClass),
		...ofText('framework', 'Framework', draft.framework),
		...ofText('framework_version', 'Version', draft.frameworkVersion),
		{ name: 'format', label: 'Format', value: draft.format, source: '' },
		...draft.facts,
	];
}

function ofText(name: string, label: string, text: SourcedText | null): FactView[] {
	return text === null ? [] : [{ name, label, value: text.text, source: text.source }];
}
