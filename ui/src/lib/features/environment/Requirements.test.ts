import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { ipcError } from '$lib/host/fake';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { EnvironmentFileView } from '$lib/ipc/generated/EnvironmentFileView';
import type { RequirementView } from '$lib/ipc/generated/RequirementView';
import Requirements from './Requirements.svelte';

const LINES: RequirementView[] = [
	{ requirement: 'mlflow==3.17.2', source: 'the package follows its conventions', edited: false, notes: [] },
	{
		requirement: 'scikit-learn==1.2.9',
		source: '_sklearn_version',
		edited: false,
		notes: [{ isFault: true, text: 'scikit-learn has no release 1.2.9.', better: 'scikit-learn==1.2.2' }],
	},
];
const FILE: EnvironmentFileView = {
	path: '/env.yml',
	file: 'env.yml',
	nLines: 12,
	nVersions: 2,
	python: '3.11',
	indexes: [],
	isChange: true,
	leftOut: ['libgcc-ng: not known on PyPI'],
};

function shown(over: Partial<Record<string, unknown>> = {}) {
	const edit = vi.fn<(edit: EditRequest) => Promise<string | null>>(() => Promise.resolve(null));
	const importEnvironment = vi.fn(() => Promise.resolve<string | null>(null));
	const pickEnvironment = vi.fn(() => Promise.resolve<EnvironmentFileView | null>(FILE));
	const props = { requirements: LINES, isEdited: false, edit, pickEnvironment, importEnvironment, ...over };
	render(Requirements, props);
	return { edit, importEnvironment, pickEnvironment };
}

test('what is wrong with a line stands beside it, and one press mends it', async () => {
	const user = userEvent.setup();
	const { edit } = shown();
	const row = screen.getByRole('row', { name: /1\.2\.9/ });
	expect(row).toHaveTextContent('scikit-learn has no release 1.2.9.');
	await user.click(within(row).getByRole('button', { name: 'Use scikit-learn==1.2.2' }));
	expect(edit).toHaveBeenCalledWith({
		kind: 'setRequirement',
		index: 1,
		requirement: 'scikit-learn==1.2.2',
	});
});

test('a picked file says what it asks for and is taken in one of two ways', async () => {
	const user = userEvent.setup();
	const { importEnvironment } = shown();
	await user.click(screen.getByRole('button', { name: 'Import from a file…' }));
	const panel = await screen.findByRole('region', { name: 'Import requirements' });
	expect(panel).toHaveTextContent('env.yml asks for 12 packages and Python 3.11.');
	expect(panel).toHaveTextContent('1 entry is left out');
	await user.click(within(panel).getByRole('button', { name: 'Take its versions (2)' }));
	expect(importEnvironment).toHaveBeenCalledWith('/env.yml', 'versions');
	expect(screen.queryByRole('region', { name: 'Import requirements' })).toBeNull();
});

test('a file that is something else says so', async () => {
	const user = userEvent.setup();
	const problem = ipcError('unreadable', 'a.yml is no conda environment');
	shown({ pickEnvironment: vi.fn().mockRejectedValue(problem) });
	await user.click(screen.getByRole('button', { name: 'Import from a file…' }));
	expect(await screen.findByRole('alert')).toHaveTextContent('a.yml is no conda environment');
});

test('the lines can be reset only when they are the person’s own', async () => {
	const user = userEvent.setup();
	shown();
	expect(screen.queryByRole('button', { name: 'Reset' })).toBeNull();
	const { edit } = shown({ isEdited: true });
	await user.click(screen.getByRole('button', { name: 'Reset' }));
	expect(edit).toHaveBeenCalledWith({ kind: 'resetRequirements' });
});
