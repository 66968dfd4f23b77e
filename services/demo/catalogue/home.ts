import type { DemoShelf } from "./shelf.ts";

export const home: DemoShelf = {
  id: "home",
  name: "Home & Light",
  description: "Furniture with honest joints, and the kind of light that makes you stay up and read.",
  backdrop: { wall: "#e4ebef", floor: "#c8d5dc", shade: "#33444f" },
  showcase: ["amphora-vase", "walnut-side-chair", "beeswax-pillar-candle"],
  alt: "A wooden chair between a terracotta vase and a lit candle",
  products: [
    {
      id: "harbour-sofa-and-lamp",
      name: "Harbour Sofa with Reading Lamp",
      description:
        "A two-seater short enough for a city flat, with a lamp that arches over from behind so nobody has to get up to see the page. The wool cover comes off for cleaning. Two people carry it up the stairs in three parts; it goes together with one key.",
      priceCents: 129000,
      stock: 5,
      attributes: [
        ["Seats", "Two"],
        ["Width", "148 cm"],
        ["Cover", "Harbour blue wool, removable"],
        ["Frame", "Beech, screwed and doweled"],
        ["Lamp", "Spun steel, E27, dimmer on the cable"],
        ["Delivery", "Three parcels, 46 kg together"],
        ["Guarantee", "10 years on the frame"],
      ],
      shot: { asset: "1f6cb-fe0f", pose: "standing", alt: "A blue two-seat sofa with a yellow arched lamp beside it" },
    },
    {
      id: "walnut-side-chair",
      name: "Walnut Side Chair",
      description:
        "Four splayed legs, a dished seat and a back that meets you just below the shoulder blades. There is no glue in the leg joints: wedges hold them, and a tap tightens them after the first winter of central heating.",
      priceCents: 28500,
      stock: 16,
      attributes: [
        ["Wood", "European walnut, oiled"],
        ["Seat height", "45 cm"],
        ["Width", "44 cm"],
        ["Carries", "130 kg"],
        ["Assembly", "None"],
      ],
      shot: { asset: "1fa91", pose: "standing", alt: "A plain wooden chair with a rounded back" },
    },
    {
      id: "beeswax-pillar-candle",
      name: "Beeswax Pillar Candle",
      description:
        "Poured by a beekeeper near Lucca from the wax of her own hives, so every batch has a slightly different ivory. It burns for two long winter weeks of evenings and smells faintly of honey, and of nothing else.",
      priceCents: 1680,
      stock: 74,
      attributes: [
        ["Wax", "Pure beeswax"],
        ["Wick", "Braided cotton"],
        ["Burns", "About 45 hours"],
        ["Size", "6 × 14 cm"],
      ],
      shot: { asset: "1f56f-fe0f", pose: "standing", alt: "A lit ivory candle with wax running down its side" },
    },
    {
      id: "quarter-hour-mantel-clock",
      name: "Quarter Hour Mantel Clock",
      description:
        "A tambour case in the old shape around a movement that makes no sound at all, so it can live in a bedroom. The hands are broad enough to read from the other end of the room. We oiled the case; the years will do the rest.",
      priceCents: 16500,
      stock: 11,
      attributes: [
        ["Case", "Stained oak on a brass foot"],
        ["Movement", "Silent quartz sweep"],
        ["Dial", "Enamelled, 14 cm"],
        ["Battery", "One AA, included"],
        ["Width", "26 cm"],
      ],
      shot: { asset: "1f570-fe0f", pose: "standing", alt: "A brown mantel clock with gold markers on a white dial" },
    },
    {
      id: "petal-wall-mirror",
      name: "Petal Wall Mirror",
      description:
        "The scalloped frame is carved from lime wood and gilded leaf by leaf, which is why no two edges catch the light alike. Hang it opposite a window and the hall gains a second one.",
      priceCents: 21000,
      stock: 2,
      attributes: [
        ["Frame", "Lime wood, gilded by hand"],
        ["Glass", "4 mm, silvered, bevelled"],
        ["Size", "48 × 66 cm"],
        ["Weight", "5.2 kg"],
        ["Hangs", "Upright or across, two plates at the back"],
      ],
      shot: { asset: "1fa9e", pose: "lying", alt: "An oval mirror in a golden frame shaped like petals" },
    },
    {
      id: "amphora-vase",
      name: "Two-Handled Amphora Vase",
      description:
        "Thrown in one piece and unglazed outside, so it keeps the colour and the dry touch of the clay. The meander round the belly is scratched in with a nail while the pot is still damp. Glazed inside: it holds water, and eucalyptus looks wonderful in it.",
      priceCents: 7800,
      stock: 21,
      attributes: [
        ["Material", "Terracotta, glazed inside"],
        ["Height", "34 cm"],
        ["Opening", "6 cm"],
        ["Decoration", "Incised by hand"],
        ["Made in", "Crete, Greece"],
      ],
      shot: { asset: "1f3fa", pose: "standing", alt: "A terracotta vase with two handles and a Greek key pattern" },
    },
    {
      id: "ember-paper-lantern",
      name: "Ember Paper Lantern",
      description:
        "Mulberry paper over a bamboo spiral, dyed the orange of a fire that has burnt down nicely. It folds flat to the thickness of a book and weighs less than one. Hang it indoors or out, as long as it does not rain.",
      priceCents: 3400,
      stock: 45,
      attributes: [
        ["Material", "Mulberry paper, bamboo"],
        ["Size", "26 × 44 cm, flat 4 cm"],
        ["Light", "LED up to 9 W, E27, not included"],
        ["Hangs from", "Cotton cord, 2 m"],
        ["Place", "Indoors, or outdoors in dry weather"],
      ],
      shot: { asset: "1f3ee", pose: "standing", alt: "An orange paper lantern with red ribs" },
    },
    {
      id: "amber-filament-bulb",
      name: "Amber Filament Bulb",
      description:
        "An LED that you can look at: the long filament curls once inside amber glass and gives about as much light as a small fire. It dims down to a glow without humming, and at four watts may stay on all evening.",
      priceCents: 1450,
      stock: 120,
      attributes: [
        ["Base", "E27"],
        ["Power", "4 W, 280 lm"],
        ["Colour", "2000 K, very warm"],
        ["Dimmable", "Yes, from 5 %"],
        ["Life", "15,000 hours"],
        ["Energy class", "F"],
      ],
      shot: { asset: "1f4a1", pose: "standing", alt: "A glowing amber light bulb with a visible filament" },
    },
    {
      id: "twin-bell-alarm-clock",
      name: "Twin-Bell Alarm Clock",
      description:
        "Two brass bells and a hammer: it wakes the heaviest sleeper, and the neighbours if you let it. By night it is quiet, since the hands glide instead of ticking. A reason to leave the telephone in the kitchen.",
      priceCents: 3900,
      stock: 58,
      attributes: [
        ["Case", "Steel, lacquered red"],
        ["Bells", "Brass"],
        ["Movement", "Quartz, silent sweep"],
        ["Light", "Button on the back"],
        ["Battery", "One AA, included"],
        ["Height", "15 cm"],
      ],
      shot: { asset: "23f0", pose: "standing", alt: "A red alarm clock with two yellow bells" },
    },
    {
      id: "green-hills-print",
      name: '"Green Hills" Framed Print',
      description:
        "Three hills, one sun and a good deal of weather, cut in lino and printed in seven colours. The printmaker pulls sixty a year and signs each in pencil. Framed in oak under glass that does not reflect, ready for its nail.",
      priceCents: 14500,
      stock: 0,
      attributes: [
        ["Technique", "Linocut, seven colours"],
        ["Edition", "60, numbered and signed"],
        ["Frame", "Oak, anti-reflective glass"],
        ["Size", "50 × 50 cm framed"],
        ["Paper", "Cotton, 300 g/m²"],
      ],
      shot: { asset: "1f5bc-fe0f", pose: "lying", alt: "A wooden frame with a print of green hills under a sun" },
    },
  ],
};
