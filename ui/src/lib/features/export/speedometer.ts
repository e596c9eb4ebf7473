/** How much of the past counts: long enough to be calm, short enough to notice a stall. */
const WINDOW_MILLIS = 3000;

/** The rate of a stream of bytes over the last few seconds, and the time left at that rate. */
export class Speedometer {
	#samples: { millis: number; bytes: number }[] = [];

	/** Notes that `bytes` in all were done at `millis`. */
	add(bytes: number, millis: number): void {
		this.#samples.push({ millis, bytes });
		// One sample older than the window stays, so that slow streams have a rate as well.
		while (this.#samples[1] !== undefined && this.#samples[1].millis < millis - WINDOW_MILLIS) {
			this.#samples.shift();
		}
	}

	/** Bytes per second; `null` until it can be told. */
	rate(): number | null {
		const first = this.#samples[0];
		const last = this.#samples.at(-1);
		if (first === undefined || last === undefined || last.millis - first.millis < 200) return null;
		const rate = ((last.bytes - first.bytes) / (last.millis - first.millis)) * 1000;
		return rate > 0 ? rate : null;
	}

	/** Seconds until `total`; `null` until it can be told. */
	secondsLeft(total: number): number | null {
		const rate = this.rate();
		const last = this.#samples.at(-1);
		if (rate === null || last === undefined) return null;
		return Math.max(0, total - last.bytes) / rate;
	}
}
