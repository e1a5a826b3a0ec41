"""Words of German, English and Polish: which language a text is in, stems, spelling, a glossary."""
