# Makes heed::sentencepiece, which compiles heed/text/subwords.hpp with SentencePiece.

if(NOT TARGET heed::sentencepiece)
  find_path(heed_sentencepiece_include sentencepiece_processor.h)
  find_library(heed_sentencepiece_library sentencepiece)
  find_library(heed_sentencepiece_train_library sentencepiece_train)
  mark_as_advanced(heed_sentencepiece_include heed_sentencepiece_library heed_sentencepiece_train_library)
  if(heed_sentencepiece_include AND heed_sentencepiece_library AND heed_sentencepiece_train_library)
    add_library(heed::sentencepiece INTERFACE IMPORTED GLOBAL)
    set_target_properties(heed::sentencepiece PROPERTIES
      INTERFACE_COMPILE_DEFINITIONS HEED_WITH_SENTENCEPIECE
      INTERFACE_INCLUDE_DIRECTORIES "${heed_sentencepiece_include}"
      INTERFACE_LINK_LIBRARIES "${heed_sentencepiece_train_library};${heed_sentencepiece_library}")
  elseif(NOT heed_FIND_COMPONENTS)
    message(FATAL_ERROR "heed: HEED_SENTENCEPIECE is on, but SentencePiece was not found: "
      "run scripts/setup.sh sentencepiece, or install libsentencepiece with its headers")
  endif()
endif()
