do $$ begin
  assert item_search_words('Amoxil', 'Amoxicillin', null, '250 mg', 'Syrup', 'A00001', null)
    = 'amoxil amoxicillin 250 mg syrup a00001', 'the words are all there';
  assert has_function_privilege('pharmacy_app', 'pharmacy.item_search_words(text, text, text, text, text, text, text)',
    'execute'), 'requests write items';
end $$;
