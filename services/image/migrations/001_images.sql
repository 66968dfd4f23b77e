-- Up Migration
CREATE TABLE images (
  image_id     text COLLATE "C" PRIMARY KEY,
  content_type text NOT NULL,
  size_bytes   integer NOT NULL,
  width        integer NOT NULL,
  height       integer NOT NULL,
  placeholder  bytea NOT NULL,
  alt          text NOT NULL,
  create_time  timestamptz(3) NOT NULL,
  original     bytea NOT NULL
);
CREATE INDEX images_newest ON images (create_time DESC, image_id);

-- The files made from a picture: one for each width and format, so that their number has a bound.
CREATE TABLE variants (
  image_id text COLLATE "C" NOT NULL REFERENCES images ON DELETE CASCADE,
  -- "640.webp"
  name     text COLLATE "C" NOT NULL,
  content  bytea NOT NULL,
  PRIMARY KEY (image_id, name)
);

-- Pictures are compressed already; and of what is stored as it is, parts can be read without the rest.
ALTER TABLE images ALTER COLUMN original SET STORAGE EXTERNAL;
ALTER TABLE variants ALTER COLUMN content SET STORAGE EXTERNAL;
