/** Nothing yet is shared by a whole run. */
export default function setup(): void {}
