import { expect, it } from 'vitest';
import type { TensorView } from '$lib/ipc/generated/TensorView';
import { found, sharesOf } from './weights';

function tensor(name: string, sizeBytes: number): TensorView {
	return { name, dtype: 'float32', shape: '[8, 4]', nElements: 32, sizeBytes, isParameter: true };
}

it('groups by the first part of the name that tells the tensors apart', () => {
	const shares = sharesOf([
		tensor('net.0.weight', 100),
		tensor('net.0.bias', 20),
		tensor('net.2.weight', 30),
	]);
	expect(shares).toEqual([
		{ name: 'net.0', bytes: 120 },
		{ name: 'net.2', bytes: 30 },
	]);
});

it('puts the smallest groups together and leaves out what takes no bytes', () => {
	const shares = sharesOf([
		...Array.from({ length: 9 }, (_, i) => tensor(`l${i}.w`, 90 - i)),
		tensor('tied.w', 0),
	]);
	expect(shares).toHaveLength(6);
	expect(shares.at(-1)).toEqual({ name: '4 others', bytes: 85 + 84 + 83 + 82 });
});

it('gives one group for one tensor and none for none', () => {
	expect(sharesOf([tensor('w', 4)])).toEqual([{ name: 'w', bytes: 4 }]);
	expect(sharesOf([])).toEqual([]);
});

it('finds by every word of the search, in name, type and shape', () => {
	const all = [tensor('encoder.weight', 1), tensor('head.weight', 1)];
	expect(found(all, ' HEAD float32 ').map(({ name }) => name)).toEqual(['head.weight']);
	expect(found(all, '')).toHaveLength(2);
	expect(found(all, 'head int8')).toEqual([]);
});
