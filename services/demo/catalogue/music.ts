import type { DemoShelf } from "./shelf.ts";

export const music: DemoShelf = {
  id: "music",
  name: "Music & Sound",
  description: "Instruments we have set up and played ourselves, and a few things for listening.",
  backdrop: { wall: "#e2eeec", floor: "#c1d6d3", shade: "#2c4a48" },
  showcase: ["kitchen-radio", "piano-accordion-48", "goblet-djembe"],
  alt: "A red accordion between a grey radio and a wooden drum",
  products: [
    {
      id: "cherry-electric-guitar",
      name: "Cherry Double-Cut Electric Guitar",
      description:
        "Three single coils, a neck you stop noticing after a minute, and a finish the colour of a cough sweet. We level the frets and set the action before it goes out. It stays in tune through a whole evening of bending.",
      priceCents: 54900,
      stock: 9,
      attributes: [
        ["Body", "Alder"],
        ["Neck", "Maple, bolted, 648 mm scale"],
        ["Pickups", "Three single coils, five positions"],
        ["Strings", "10 to 46"],
        ["Weight", "3.4 kg"],
        ["Included", "Gig bag, cable, set-up card"],
      ],
      shot: { asset: "1f3b8", pose: "lying", alt: "A cherry red electric guitar with a white pickguard" },
    },
    {
      id: "atelier-violin",
      name: "Atelier Violin, Full Size",
      description:
        "Spruce top, maple back and a dark spirit varnish rubbed thin on the shoulders. A luthier in Cremona sets the post and the bridge and signs the label. Warm on the lower strings and never shrill, so the people next door may grow fond of it.",
      priceCents: 89000,
      stock: 5,
      attributes: [
        ["Size", "4/4"],
        ["Top", "Spruce, air dried eight years"],
        ["Back", "Flamed maple, two pieces"],
        ["Varnish", "Spirit, by hand"],
        ["Included", "Case, bow, rosin"],
        ["Set-up", "Once more, free, after six months"],
      ],
      shot: { asset: "1f3bb", pose: "lying", alt: "A dark brown violin" },
    },
    {
      id: "alto-saxophone-brass",
      name: "Student Alto Saxophone",
      description:
        "Light to blow and forgiving of small hands. The keys are adjusted and every pad checked with a lamp before we pack it. Come back in a year and we do that again for nothing, because that is when it matters.",
      priceCents: 69900,
      stock: 6,
      attributes: [
        ["Key", "E flat"],
        ["Body", "Yellow brass, clear lacquer"],
        ["Range", "B flat to high F sharp"],
        ["Weight", "2.3 kg"],
        ["Included", "Mouthpiece, two reeds, strap, case"],
      ],
      shot: { asset: "1f3b7", pose: "standing", alt: "A golden saxophone with a black mouthpiece" },
    },
    {
      id: "piano-accordion-48",
      name: "Piano Accordion, 48 Bass",
      description:
        "The size that can be carried to a party and played standing. Its bellows are tight and the reeds slightly wet, as they should be for musette. Straps are lined with felt; your shoulders will say when it is time to stop.",
      priceCents: 78000,
      stock: 4,
      attributes: [
        ["Treble", "26 keys, five registers"],
        ["Bass", "48 buttons"],
        ["Reeds", "Hand finished, double"],
        ["Weight", "6.1 kg"],
        ["Finish", "Raspberry celluloid"],
        ["Included", "Straps, soft case"],
      ],
      shot: { asset: "1fa97", pose: "standing", alt: "A red piano accordion with its bellows open" },
    },
    {
      id: "goblet-djembe",
      name: "Goblet Djembe",
      description:
        "Carved from one log of lenke and headed with goatskin, tied with five millimetres of rope that holds its tension. Slap, tone and a bass you feel through the floorboards. Each carver's mark is under the foot.",
      priceCents: 24500,
      stock: 10,
      attributes: [
        ["Shell", "Lenke, one piece"],
        ["Head", "Goatskin, 31 cm"],
        ["Height", "60 cm"],
        ["Weight", "7.8 kg"],
        ["Made in", "Bamako, Mali"],
      ],
      shot: { asset: "1fa98", pose: "standing", alt: "A wooden goblet drum with dark ropes" },
    },
    {
      id: "parade-snare-drum",
      name: "Parade Snare Drum",
      description:
        "Deep shell, bright rims, and a strainer that switches off without a twang. Tuned low it growls, tuned high it cracks across a marketplace. Sticks come with it and will be the first thing to wear out.",
      priceCents: 18900,
      stock: 13,
      attributes: [
        ["Shell", "Birch, 14 × 8 inches"],
        ["Heads", "Coated, medium"],
        ["Lugs", "Ten"],
        ["Finish", "Crimson with silver rods"],
        ["Included", "Sticks 5A, drum key"],
      ],
      shot: { asset: "1f941", pose: "standing", alt: "A crimson drum with a pair of sticks across it" },
    },
    {
      id: "painted-maracas",
      name: "Painted Gourd Maracas",
      description:
        "A pair, one slightly higher than the other, filled with seeds of the canna lily. They are painted freehand in Michoacán in whatever colours are open that day, so yours will be cousins of those in the picture.",
      priceCents: 2400,
      stock: 39,
      attributes: [
        ["Material", "Gourd, seeds, pine handles"],
        ["Length", "24 cm"],
        ["Weight", "160 g the pair"],
        ["Paint", "Water based"],
        ["Made in", "Mexico"],
      ],
      shot: { asset: "1fa87", pose: "lying", alt: "A pair of maracas painted in bright stripes" },
    },
    {
      id: "open-back-headphones",
      name: "Open-Back Headphones",
      description:
        "Open cups let air and a little of the room in, so an orchestra sits in front of you and not between your ears. Pads, cable and headband are held by clips and sold as spares. For home: everybody near you will hear what you hear.",
      priceCents: 19900,
      stock: 29,
      attributes: [
        ["Type", "Dynamic, open"],
        ["Impedance", "80 Ω"],
        ["Range", "8 Hz to 28 kHz"],
        ["Cable", "Plugged at both sides, 2.5 m"],
        ["Weight", "248 g"],
        ["Pads", "Velour, replaceable"],
      ],
      shot: { asset: "1f3a7", pose: "standing", alt: "Light grey headphones standing on their cups" },
    },
    {
      id: "voice-desk-microphone",
      name: "Desk Microphone for Voices",
      description:
        "It looks like 1950 and plugs in like today. The capsule hears what is in front and politely ignores the fan beside it. A dial at the back sets the level; a press on it mutes you, and the ring of light says so.",
      priceCents: 12900,
      stock: 32,
      attributes: [
        ["Pattern", "Cardioid"],
        ["Connection", "USB-C, 24 bit, 96 kHz"],
        ["Monitoring", "3.5 mm, no delay"],
        ["Stand", "Weighted, tilting"],
        ["Weight", "640 g"],
      ],
      shot: { asset: "1f399-fe0f", pose: "standing", alt: "A grey microphone on a weighted stand" },
    },
    {
      id: "kitchen-radio",
      name: "Kitchen Radio with an Aerial",
      description:
        "Two knobs, six stations and a speaker larger than it needs to be. It finds FM and DAB+, remembers what you heard last, and runs for a day's picnic on its battery. Flour wipes off.",
      priceCents: 9900,
      stock: 40,
      attributes: [
        ["Reception", "FM, DAB+"],
        ["Speaker", "90 mm, 8 W"],
        ["Battery", "18 hours, replaceable"],
        ["Presets", "Six"],
        ["Size", "24 × 15 × 9 cm"],
      ],
      shot: { asset: "1f4fb", pose: "standing", alt: "A grey radio with a speaker grille, a dial and an aerial" },
    },
  ],
};
