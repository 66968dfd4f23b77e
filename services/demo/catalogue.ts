import { desk } from "./catalogue/desk.ts";
import { garden } from "./catalogue/garden.ts";
import { home } from "./catalogue/home.ts";
import { kitchen } from "./catalogue/kitchen.ts";
import { music } from "./catalogue/music.ts";
import { outdoors } from "./catalogue/outdoors.ts";
import type { DemoShelf } from "./catalogue/shelf.ts";
import { toys } from "./catalogue/toys.ts";
import { wardrobe } from "./catalogue/wardrobe.ts";

/** The demo catalogue: its categories in the order in which the shop shows them. */
export const demoShelves: readonly DemoShelf[] = [kitchen, home, garden, wardrobe, desk, music, outdoors, toys];
