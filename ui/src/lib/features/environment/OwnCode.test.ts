import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import OwnCode from './OwnCode.svelte';

const MODULES = [
	{ module: 'shop.features', names: ['Ratio'], found: null, undefined: [] },
	{ module: '__main__', names: ['clip', 'Share'], found: 'code/train.py', undefined: ['Share'] },
	{ module: 'shop.maths', names: ['log'], found: 'code/shop/maths.py', undefined: [] },
];

test('every module says what the model takes from it and whether the package has it', () => {
	render(OwnCode, { modules: MODULES, code: [], edit: vi.fn(), pick: vi.fn() });
	const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
	expect(
		rows.map((row) =>
			within(row)
				.getAllByRole('cell')
				.map((cell) => cell.textContent.trim()),
		),
	).toEqual([
		['Missing', 'shop.features', 'Ratio', 'not added yet'],
		['Missing', 'the script that saved it', 'clip, Share', 'code/train.py does not define Share'],
		['Found', 'shop.maths', 'log', 'code/shop/maths.py'],
	]);
});

test('picked files are added, a refusal is shown, and what was added can go again', async () => {
	const user = userEvent.setup();
	const edit = vi.fn((asked: EditRequest) =>
		Promise.resolve(asked.kind === 'addCode' && asked.path === '/b.py' ? 'It cannot be read.' : null),
	);
	const pick = vi.fn(() => Promise.resolve(['/a.py', '/b.py']));
	render(OwnCode, { modules: MODULES, code: ['/a.py'], edit, pick });
	await user.click(screen.getByRole('button', { name: 'Add Python files…' }));
	expect(pick).toHaveBeenCalledWith('files');
	expect(await screen.findByRole('alert')).toHaveTextContent('It cannot be read.');
	await user.click(screen.getByRole('button', { name: 'Remove /a.py' }));
	expect(edit.mock.calls.map(([asked]) => asked.kind)).toEqual(['addCode', 'addCode', 'removeCode']);
});
