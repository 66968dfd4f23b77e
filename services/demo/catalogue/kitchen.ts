import type { DemoShelf } from "./shelf.ts";

export const kitchen: DemoShelf = {
  id: "kitchen",
  name: "Kitchen & Table",
  description: "Pots, cups and knives that earn their place by being reached for every day.",
  backdrop: { wall: "#e6ece1", floor: "#cfd9c6", shade: "#3f4a36" },
  showcase: ["pantry-jar", "cranberry-teapot", "cobalt-breakfast-bowl"],
  alt: "A red teapot between a glass jar and a blue bowl",
  products: [
    {
      id: "cranberry-teapot",
      name: "Cranberry Stoneware Teapot",
      description:
        "A round-bellied pot for four cups, glazed in a red that deepens where it pools. The spout was redrawn three times until it stopped dripping. Inside sits a removable steel strainer, wide enough for leaves to open properly.",
      priceCents: 5400,
      stock: 38,
      attributes: [
        ["Material", "Glazed stoneware, steel strainer"],
        ["Capacity", "1.1 l, about four cups"],
        ["Height", "17 cm"],
        ["Care", "Dishwasher safe; rinse the strainer by hand"],
        ["Made in", "Portugal"],
      ],
      shot: { asset: "1fad6", pose: "standing", alt: "A round red teapot with an orange rim" },
    },
    {
      id: "porcelain-tea-cup",
      name: "Tea Cup on an Ash Saucer",
      description:
        "Thin porcelain without a handle, made to be held in both hands once the tea has cooled enough to drink. The saucer is turned from dark-stained ash and has a shallow seat, so the cup stays put when you carry it. Tea not included, but we do recommend mint.",
      priceCents: 2200,
      stock: 64,
      attributes: [
        ["Material", "Porcelain, dark-stained ash"],
        ["Capacity", "280 ml"],
        ["Diameter", "Cup 10 cm, saucer 15 cm"],
        ["Care", "Cup dishwasher safe; wipe the saucer"],
      ],
      shot: { asset: "1f375", pose: "standing", alt: "A steaming white cup of tea on a wooden saucer" },
    },
    {
      id: "flat-white-cup",
      name: "Flat White Cup & Saucer",
      description:
        "The walls are thick at the foot and thin at the lip: coffee keeps warm and the rim still feels fine. A roastery in Ghent asked for this size because it holds a double shot and exactly the right amount of milk.",
      priceCents: 1850,
      stock: 96,
      attributes: [
        ["Material", "Vitrified porcelain"],
        ["Colour", "Dove grey"],
        ["Capacity", "180 ml"],
        ["Stackable", "Yes, up to five"],
        ["Care", "Dishwasher and microwave safe"],
      ],
      shot: { asset: "2615", pose: "standing", alt: "A pale grey cup of coffee on its saucer, seen from above" },
    },
    {
      id: "blued-frying-pan",
      name: "Blued Steel Frying Pan, 26 cm",
      description:
        "Carbon steel heats as quickly as you turn the knob and turns slippery with use, without any coating to scratch. Ours comes blued and already seasoned once, so the first egg has a fair chance. Dry it, oil it, and it will outlive the stove.",
      priceCents: 4900,
      stock: 27,
      attributes: [
        ["Material", "Carbon steel, 2.5 mm"],
        ["Diameter", "26 cm at the rim, 19 cm base"],
        ["Weight", "1.6 kg"],
        ["Hobs", "All, including induction"],
        ["Oven", "Yes, handle included"],
        ["Care", "Hot water and a brush, no soap"],
      ],
      shot: { asset: "1f373", pose: "standing", alt: "A dark blue frying pan with a fried egg in it" },
    },
    {
      id: "sunday-stew-pot",
      name: "Sunday Stew Pot, 4 Litres",
      description:
        "Beans for six, or soup that lasts until Wednesday. The pot is enamelled iron in a quiet grey, heavy enough to hold a simmer on the smallest flame. Its two handles take thick oven gloves.",
      priceCents: 11900,
      stock: 14,
      attributes: [
        ["Material", "Enamelled cast iron"],
        ["Capacity", "4 l"],
        ["Weight", "4.3 kg"],
        ["Hobs", "All, including induction"],
        ["Oven", "Up to 250 °C"],
        ["Guarantee", "15 years"],
      ],
      shot: { asset: "1f372", pose: "standing", alt: "A grey pot with two handles, full of vegetable stew" },
    },
    {
      id: "three-day-chefs-knife",
      name: "Three-Day Chef's Knife",
      description:
        "It takes the smith three days from bar to edge: forge, rest, grind. The blade is broad enough to scoop up what you have chopped, and the blue handle is a linen laminate that shrugs off wet hands. It arrives shaving sharp, with a cork guard.",
      priceCents: 13500,
      stock: 9,
      attributes: [
        ["Blade", "20 cm, 14C28N stainless steel"],
        ["Hardness", "60 HRC"],
        ["Handle", "Blue linen laminate, brass rivets"],
        ["Weight", "215 g"],
        ["Care", "Wash by hand, sharpen on a stone"],
        ["Sold to", "Adults only"],
      ],
      shot: { asset: "1f52a", pose: "lying", alt: "A broad kitchen knife with a riveted blue handle" },
    },
    {
      id: "pantry-jar",
      name: "Pantry Jar with a Label",
      description:
        "Flour, lentils, the good muesli: things keep longer behind thick glass and a lid with a proper seal. The label takes chalk or pencil and wipes clean. Square shoulders mean they stand close together on a shelf.",
      priceCents: 1290,
      stock: 118,
      attributes: [
        ["Material", "Borosilicate glass, steel lid"],
        ["Capacity", "1.5 l"],
        ["Seal", "Silicone, replaceable"],
        ["Height", "18 cm"],
        ["Care", "Dishwasher safe without the lid"],
      ],
      shot: { asset: "1fad9", pose: "standing", alt: "A clear glass jar with a grey lid and an empty label" },
    },
    {
      id: "cobalt-breakfast-bowl",
      name: "Cobalt Breakfast Bowl with Spoon",
      description:
        "Deep sides, a soft corner to chase the last of the porridge into, and a spoon whose bowl follows the same curve. We sell them together because we kept being asked where the spoon was from.",
      priceCents: 2650,
      stock: 52,
      attributes: [
        ["Material", "Stoneware, stainless steel"],
        ["Colour", "Cobalt blue"],
        ["Capacity", "550 ml"],
        ["Width", "15 cm"],
        ["Care", "Dishwasher and microwave safe (bowl)"],
      ],
      shot: { asset: "1f963", pose: "standing", alt: "A deep blue bowl with a spoon in it" },
    },
    {
      id: "sake-flask-and-cup",
      name: "Sake Flask and Cup",
      description:
        "A tokkuri that warms in a pan of hot water and pours without a drop running back, with one small cup to start a set. Each is thrown by hand in Hasami and banded in blue with a single turn of the brush.",
      priceCents: 4600,
      stock: 3,
      attributes: [
        ["Material", "Hasami porcelain"],
        ["Capacity", "Flask 300 ml, cup 60 ml"],
        ["Decoration", "Cobalt band, painted by hand"],
        ["Height", "15 cm"],
        ["Made in", "Nagasaki, Japan"],
      ],
      shot: { asset: "1f376", pose: "standing", alt: "A white porcelain flask with a blue band and its small cup" },
    },
    {
      id: "winter-fondue-set",
      name: "Winter Evening Fondue Set",
      description:
        "Pot, stand, burner and forks for a table that wants to sit together for two hours. The thick base spreads the small flame, so the cheese at the bottom turns into a crust instead of charcoal. Bread is your department.",
      priceCents: 8900,
      stock: 18,
      attributes: [
        ["Material", "Enamelled iron, steel stand"],
        ["Serves", "Four to six"],
        ["Capacity", "1.8 l"],
        ["Forks", "Six, beech handles"],
        ["Burner", "Gel paste, 2 h a filling"],
        ["Hobs", "All, including induction"],
      ],
      shot: { asset: "1fad5", pose: "standing", alt: "A red fondue pot over a small flame, two forks in it" },
    },
  ],
};
