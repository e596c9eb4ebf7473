import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import Architecture from './Architecture.svelte';

const CLASSES = [
	{
		class: 'net.Net',
		parameters: [
			{ name: 'n_in', default: null },
			{ name: 'n_out', default: '3' },
			{ name: 'act', default: '"relu"' },
		],
	},
	{ class: 'net.Config', parameters: [] },
];
const CHOSEN = {
	classes: CLASSES,
	chosen: { text: 'net.Net', source: 'you' },
	arguments: [
		{ name: 'n_in', value: '4', source: 'you' },
		{ name: 'n_out', value: '5', source: 'assumed: hyper_parameters of the checkpoint has one of this name' },
	],
};

function editor(answer: string | null = null) {
	return vi.fn((edit: EditRequest) => Promise.resolve(edit.kind === 'setArchitecture' ? answer : null));
}

test('without code it says what to add', () => {
	render(Architecture, { architecture: { classes: [], chosen: null, arguments: [] }, edit: editor() });
	expect(screen.queryByRole('combobox')).toBeNull();
	expect(screen.getByText(/code that you add/)).toBeVisible();
});

test('a class is chosen, and a refusal is shown', async () => {
	const user = userEvent.setup();
	const edit = editor('It cannot be made.');
	render(Architecture, { architecture: { classes: CLASSES, chosen: null, arguments: [] }, edit });
	await user.selectOptions(screen.getByRole('combobox', { name: 'Class of the network' }), 'net.Net');
	expect(edit).toHaveBeenCalledWith({ kind: 'setArchitecture', class: 'net.Net', arguments: [] });
	expect(await screen.findByRole('alert')).toHaveTextContent('It cannot be made.');
});

test('arguments say what they are, where it comes from, and what is missing', () => {
	render(Architecture, { architecture: { ...CHOSEN, arguments: CHOSEN.arguments.slice(1) }, edit: editor() });
	const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
	const cells = rows.map((row) =>
		within(row)
			.getAllByRole('cell')
			.map((cell) => cell.textContent.trim()),
	);
	expect(cells).toEqual([
		['n_in', 'needs a value', ''],
		['n_out', '5', 'assumed'],
		['act', '"relu"', 'its default in the code'],
	]);
});

test('an argument is changed beside the other ones that the person set', async () => {
	const user = userEvent.setup();
	const edit = editor();
	render(Architecture, { architecture: CHOSEN, edit });
	await user.click(screen.getByRole('button', { name: 'Value of act: "relu"' }));
	await user.keyboard('gelu{Enter}');
	expect(edit).toHaveBeenLastCalledWith({
		kind: 'setArchitecture',
		class: 'net.Net',
		arguments: [
			['n_in', '4'],
			['act', 'gelu'],
		],
	});
	await user.click(screen.getByRole('button', { name: 'Value of n_in: 4' }));
	await user.clear(screen.getByRole('textbox'));
	await user.keyboard('{Enter}');
	expect(edit).toHaveBeenLastCalledWith({ kind: 'setArchitecture', class: 'net.Net', arguments: [] });
});

test('a class that is not in the code stays to be seen, and the choice can be reset', async () => {
	const user = userEvent.setup();
	const edit = editor();
	const chosen = { text: 'torchvision.models.resnet18', source: 'you' };
	const architecture = {
		classes: CLASSES,
		chosen,
		arguments: [{ name: 'width', value: '2', source: 'you' }],
	};
	render(Architecture, { architecture, edit });
	expect(screen.getByRole('combobox')).toHaveValue('torchvision.models.resnet18');
	expect(screen.getByRole('button', { name: 'Value of width: 2' })).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Reset the architecture' }));
	expect(edit).toHaveBeenCalledWith({ kind: 'setArchitecture', class: '', arguments: [] });
});
