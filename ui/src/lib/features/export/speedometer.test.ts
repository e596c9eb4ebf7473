import { expect, it } from 'vitest';
import { Speedometer } from './speedometer';

it('says nothing before it can tell', () => {
	const meter = new Speedometer();
	expect(meter.rate()).toBeNull();
	meter.add(1000, 0);
	meter.add(2000, 100);
	expect(meter.rate()).toBeNull();
	expect(meter.secondsLeft(10_000)).toBeNull();
});

it('gives bytes per second and the time left', () => {
	const meter = new Speedometer();
	meter.add(0, 0);
	meter.add(500, 1000);
	expect(meter.rate()).toBe(500);
	expect(meter.secondsLeft(2000)).toBe(3);
});

it('forgets what is long ago, so that a slower disk shows', () => {
	const meter = new Speedometer();
	meter.add(0, 0);
	meter.add(1_000_000, 1000);
	for (let second = 2; second <= 8; second += 1) meter.add(1_000_000 + (second - 1) * 100, second * 1000);
	expect(meter.rate()).toBe(100);
});

it('has no rate while nothing moves', () => {
	const meter = new Speedometer();
	meter.add(500, 0);
	meter.add(500, 1000);
	expect(meter.secondsLeft(1000)).toBeNull();
});
