import { fireEvent, render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { ExampleView } from '$lib/ipc/generated/ExampleView';
import { pipelineDraft } from '$lib/host/fake/samples';
import Example from './Example.svelte';

const example: ExampleView = {
	text: null,
	isCut: false,
	columns: ['age', 'email'],
	rows: [
		['34', 'ada@firm.com'],
		['', 'x'],
	],
	source: 'customers.csv',
	edited: false,
	problems: [
		{ row: 1, column: 'age', isRefused: true, isInPython: false, text: 'long takes no missing value' },
	],
	personal: [{ row: 0, column: 1, what: 'an e-mail address', madeUp: 'person@example.org' }],
};

function setUp(shown: ExampleView | null = example) {
	const edit = vi.fn((request: EditRequest) => Promise.resolve(request.kind === 'setName' ? 'no' : null));
	render(Example, { example: shown, inputs: pipelineDraft().signature.inputs, edit });
	return { edit, user: userEvent.setup() };
}

it('changes one cell in place and sends all rows', async () => {
	const { edit, user } = setUp();
	await user.click(screen.getByRole('button', { name: 'age, row 1: 34' }));
	const field = screen.getByRole('textbox', { name: 'age, row 1' });
	await user.clear(field);
	await user.type(field, '35{Enter}');
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setExample',
		columns: ['age', 'email'],
		rows: [
			['35', 'ada@firm.com'],
			['', 'x'],
		],
	});
});

it('lays what is pasted from a spreadsheet over the cells', async () => {
	const { edit } = setUp();
	const data = { getData: () => '1\ta\n2\tb\n3\tc\n' };
	await fireEvent.paste(screen.getByRole('button', { name: 'age, row 1: 34' }), { clipboardData: data });
	expect(edit).toHaveBeenCalledExactlyOnceWith(
		expect.objectContaining({
			rows: [
				['1', 'a'],
				['2', 'b'],
				['3', 'c'],
			],
		}),
	);
});

it('names the cell that looks like personal data and replaces it', async () => {
	const { edit, user } = setUp();
	const found = screen.getByRole('group', { name: 'Personal data' });
	expect(within(found).getByText(/row 1 looks like an e-mail address/)).toBeInTheDocument();
	await user.click(within(found).getByRole('button', { name: 'Replace email, row 1' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith(
		expect.objectContaining({
			rows: [
				['34', 'person@example.org'],
				['', 'x'],
			],
		}),
	);
});

it('says which cell MLflow refuses, and that all is well when none is', () => {
	setUp();
	const list = screen.getByRole('list', { name: 'What does not pass' });
	expect(within(list).getByText(/row 2: long takes no missing value/)).toBeInTheDocument();
	setUp({ ...example, problems: [] });
	expect(screen.getByText(/Every row passes/)).toBeInTheDocument();
});

it('begins an example with one empty row', async () => {
	const { edit, user } = setUp(null);
	await user.click(screen.getByRole('button', { name: 'Write an example' }));
	const columns = pipelineDraft().signature.inputs.columns.map(({ name }) => name);
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setExample',
		columns,
		rows: [columns.map(() => '')],
	});
});

it('shows arrays as JSON and sends what the person makes of them', async () => {
	const arrays = { ...example, columns: [], rows: [], problems: [], personal: [], source: 'rows.npy' };
	const { edit, user } = setUp({ ...arrays, text: '[[1.0]]' });
	expect(screen.getByRole('group', { name: 'Example as JSON' })).toHaveTextContent('[[1.0]]');
	await user.click(screen.getByRole('button', { name: 'Edit as JSON…' }));
	const field = screen.getByRole('textbox', { name: 'Example as JSON' });
	await fireEvent.input(field, { target: { value: '[[2.0]]' } });
	await user.click(screen.getByRole('button', { name: 'Use this JSON' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({ kind: 'setExampleText', text: '[[2.0]]' });
	expect(screen.queryByRole('textbox', { name: 'Example as JSON' })).toBeNull();
});

it('says that a long example is only its beginning, which is not edited', () => {
	setUp({ ...example, columns: [], rows: [], problems: [], personal: [], text: '[[', isCut: true });
	expect(screen.getByText(/of which this is the beginning/)).toBeVisible();
	expect(screen.queryByRole('button', { name: 'Edit as JSON…' })).toBeNull();
});
